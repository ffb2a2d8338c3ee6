package io.slipway.daemon.cli;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One HTTP/2 connection to the daemon's unix socket. Calls block the calling thread (the main thread of the command,
/// or a helper thread it started) and honour its interruption by cancelling the call.
final class Connection implements AutoCloseable {
    /// As containerd limits messages both ways.
    static final int MESSAGE_BYTES_MAX = 16 << 20;

    /// How long the daemon may take to accept the connection and to answer an ordinary call.
    static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);

    private static final int CONNECT_TIMEOUT_MS = 5_000;
    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    private static final int CONNECTION_WINDOW_BYTES = 4 << 20;
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

    private final Vertx vertx;
    private final GrpcClient client;
    private final SocketAddress socket;
    private final Globals globals;
    private final Optional<String> lease;

    private Connection(Vertx vertx, GrpcClient client, SocketAddress socket, Globals globals, Optional<String> lease) {
        this.vertx = vertx;
        this.client = client;
        this.socket = socket;
        this.globals = globals;
        this.lease = lease;
    }

    /// Opens a client for the socket of `globals`; the connection itself is made by the first call.
    static Connection to(Globals globals) {
        Vertx vertx = Vertx.builder()
                .with(new VertxOptions()
                        .setEventLoopPoolSize(1)
                        .setWorkerPoolSize(1)
                        .setInternalBlockingPoolSize(1)
                        .setPreferNativeTransport(true)
                        .setBlockedThreadCheckInterval(TimeUnit.HOURS.toMillis(1))
                        .setFileSystemOptions(new FileSystemOptions()
                                .setClassPathResolvingEnabled(false)
                                .setFileCachingEnabled(false)))
                .build();
        HttpClientOptions http = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setConnectTimeout(CONNECT_TIMEOUT_MS)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setInitialSettings(new Http2Settings().setInitialWindowSize(STREAM_WINDOW_BYTES));
        GrpcClient client =
                GrpcClient.client(vertx, new GrpcClientOptions().setMaxMessageSize(MESSAGE_BYTES_MAX), http);
        return new Connection(
                vertx, client, SocketAddress.domainSocketAddress(globals.address()), globals, Optional.empty());
    }

    /// The same connection, whose calls put what they touch under the lease `id`. Only one of the two is closed.
    Connection under(String id) {
        return new Connection(vertx, client, socket, globals, Optional.of(id));
    }

    /// One request, one answer within [#ANSWER_WITHIN].
    <Q, A> A call(ServiceMethod<A, Q> method, Q request) throws CallFailed, CommandFailed, InterruptedException {
        return call(method, request, ANSWER_WITHIN);
    }

    /// One request, one answer that may take `limit`.
    <Q, A> A call(ServiceMethod<A, Q> method, Q request, Duration limit)
            throws CallFailed, CommandFailed, InterruptedException {
        try (Exchange<Q, A> exchange = open(method)) {
            exchange.sendLast(request);
            return exchange.only(limit);
        }
    }

    /// One request and a stream of answers, read with [Exchange#next].
    <Q, A> Exchange<Q, A> stream(ServiceMethod<A, Q> method, Q request)
            throws CallFailed, CommandFailed, InterruptedException {
        Exchange<Q, A> exchange = open(method);
        exchange.sendLast(request);
        return exchange;
    }

    /// A call whose requests are still to be sent.
    <Q, A> Exchange<Q, A> open(ServiceMethod<A, Q> method) throws CallFailed, CommandFailed, InterruptedException {
        var opening = client.<Q, A>request(socket, method).toCompletionStage().toCompletableFuture();
        try {
            var request = opening.get(CONNECT_TIMEOUT_MS + 1_000L, TimeUnit.MILLISECONDS);
            request.headers().set("containerd-namespace", globals.namespace());
            lease.ifPresent(id -> request.headers().set("containerd-lease", id));
            return new Exchange<>(request);
        } catch (ExecutionException e) {
            throw notReachable(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw notReachable(e);
        }
    }

    private CommandFailed notReachable(Throwable cause) {
        String message = cause.getMessage() == null ? "" : cause.getMessage();
        String what;
        String todo;
        if (message.contains("Permission denied")) {
            what = "no permission to use the socket " + globals.address();
            todo = "run as root or as a member of the socket's group ([grpc] gid)";
        } else {
            what = "no daemon answers on " + globals.address();
            todo = "start it with `slipwayd` (or name its socket with -a)";
        }
        CommandFailed failed = new CommandFailed(ExitCode.UNREACHABLE, "", what, todo);
        failed.initCause(cause);
        return failed;
    }

    /// A lost connection, as seen by a call that was under way.
    static CallFailed lost(Throwable cause) {
        return new CallFailed(
                GrpcStatus.UNAVAILABLE, "the connection to the daemon was lost (" + cause.getMessage() + ")", cause);
    }

    @Override
    public void close() {
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException _) {
            // The process is about to end; what Vert.x could not close in time ends with it.
        }
    }
}
