package io.slipway.runtime;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.CreateContainerRequest;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.ChildLimits;
import io.slipway.linux.Mounts;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A runtime with its gRPC services on a loopback port, which can be closed and opened again over the same
/// directories,
/// database and events, as after a restart of the daemon.
public final class RuntimeFixture implements AutoCloseable {
    public static final String NAMESPACE = "default";
    private static final Duration HANG = Duration.ofSeconds(60);

    public final Path root;
    public final Path state;
    public final RuntimeOptions options;
    public final EventExchange events = new EventExchange(Clock.systemUTC());
    public final TestMetadata metadata;
    private final Vertx vertx = Vertx.vertx();
    private final Poller poller;
    private final Spawner spawner;
    private final ExecutorService kernel = Executors.newFixedThreadPool(2);
    private Runtime runtime;
    private HttpServer http;
    private GrpcClient client;

    /// @param environment of the daemon
    public RuntimeFixture(Path directory, Map<String, String> environment) throws Exception {
        this.root = Files.createDirectories(directory.resolve("root"));
        this.state = Files.createDirectories(directory.resolve("state"));
        this.options = new RuntimeOptions(
                root,
                state,
                state.resolve("s.sock").toString(),
                Path.of("/bin/true"),
                List.of(),
                environment,
                RuntimeOptions.Timeouts.defaults());
        this.metadata = new TestMetadata();
        this.poller = Poller.start("test poller");
        this.spawner = new Spawner(poller, ChildLimits.UNCHANGED);
        open();
    }

    public void open() throws Exception {
        runtime = new ShimRuntime(
                options,
                metadata,
                new TestNamespaces(),
                new TestCollector(),
                events,
                spawner,
                poller,
                Mounts.system(),
                kernel,
                Clock.systemUTC());
        GrpcServer grpc = GrpcServer.server(vertx);
        runtime.bind(new GrpcServices(grpc));
        http = await(vertx.createHttpServer()
                .requestHandler(grpc)
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture());
        client = GrpcClient.client(vertx);
        runtime.loaded().get(HANG.toMillis(), TimeUnit.MILLISECONDS);
    }

    public void shut() throws Exception {
        runtime.close();
        await(http.close().toCompletionStage().toCompletableFuture());
        await(client.close().toCompletionStage().toCompletableFuture());
    }

    public Runtime runtime() {
        return runtime;
    }

    @Override
    public void close() throws IOException {
        try {
            shut();
            await(vertx.close().toCompletionStage().toCompletableFuture());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new IOException(e);
        } finally {
            kernel.shutdown();
            poller.close();
            metadata.close();
            events.close();
        }
    }

    public Path bundle(String id) {
        return state.resolve("io.containerd.runtime.v2.task").resolve(NAMESPACE).resolve(id);
    }

    public Container container(Container.Builder container) throws Exception {
        return call(
                        ContainersGrpcClient.Create,
                        CreateContainerRequest.newBuilder()
                                .setContainer(container)
                                .build())
                .getContainer();
    }

    /// Calls and waits for the answer.
    public <A, B> B call(ServiceMethod<B, A> method, A request) throws Exception {
        return finish(start(method, request));
    }

    public static <T> T finish(Started<T> started) throws Exception {
        return await(started.answer());
    }

    /// A call under way.
    public record Started<T>(CompletableFuture<T> answer, CompletableFuture<Runnable> cancel) {}

    /// Calls without waiting.
    public <A, B> Started<B> start(ServiceMethod<B, A> method, A request) {
        CompletableFuture<Runnable> cancel = new CompletableFuture<>();
        CompletableFuture<B> answer = client.request(
                        SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), method)
                .compose((GrpcClientRequest<A, B> call) -> {
                    call.headers().set("containerd-namespace", NAMESPACE);
                    cancel.complete(call::cancel);
                    return call.send(request);
                })
                .compose((GrpcClientResponse<A, B> response) -> {
                    CompletableFuture<Optional<B>> first = new CompletableFuture<>();
                    response.handler(message -> first.complete(Optional.of(message)));
                    return response.end().transform(_ -> {
                        first.complete(Optional.empty());
                        GrpcStatus status = Objects.requireNonNull(response.status());
                        return status == GrpcStatus.OK
                                ? Future.succeededFuture(first.join().orElseThrow())
                                : Future.failedFuture(new GrpcFailure(
                                        status, Objects.requireNonNullElse(response.statusMessage(), "")));
                    });
                })
                .toCompletionStage()
                .toCompletableFuture();
        return new Started<>(answer, cancel);
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(HANG.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GrpcFailure failure) {
                throw new GrpcFailure(failure.status(), String.valueOf(failure.getMessage()));
            }
            throw new IOException(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("no answer within " + HANG, e);
        }
    }
}
