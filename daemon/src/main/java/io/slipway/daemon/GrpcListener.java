package io.slipway.daemon;

import io.slipway.daemon.config.Config;
import io.slipway.linux.Os;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// The gRPC socket. Bound under a temporary name, given owner and mode, then renamed, so that nobody ever
/// reaches it with other rights and a client that sees it can connect.
final class GrpcListener implements AutoCloseable {
    /// Largest message both ways, as containerd's clients expect.
    private static final long MESSAGE_BYTES_MAX = 16L * 1024 * 1024;
    /// Calls open at once on one connection: kubelet and buildkit multiplex everything over one.
    private static final long STREAMS_MAX = 100_000;
    /// Go clients cancel by RST_STREAM, often by the hundred; Vert.x's default of 200 in 30 s would cut
    /// them off.
    private static final int RESETS_MAX = 100_000;
    /// Calls that finish by themselves may; streams that never end (events, waits) are cut.
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final Path path;
    private final Object fileKey;
    private final HttpServer server;

    private GrpcListener(Path path, Object fileKey, HttpServer server) {
        this.path = path;
        this.fileKey = fileKey;
        this.server = server;
    }

    /// A server that answers what nothing is bound for as gRPC in Go does, which clients take for "not
    /// supported".
    static GrpcServer server(Vertx vertx) {
        GrpcServer server = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(MESSAGE_BYTES_MAX));
        server.callHandler(call -> call.response()
                .status(GrpcStatus.UNIMPLEMENTED)
                .statusMessage("unknown method " + call.methodName() + " for service "
                        + call.serviceName().fullyQualifiedName())
                .end());
        return server;
    }

    /// Listens; everything has to be bound to `grpc` before.
    static GrpcListener listen(Vertx vertx, Config.Grpc config, GrpcServer grpc) throws StartException {
        Path path = config.address();
        UnixSocket.mustBeFree(path, "--address");
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        .setHttp2RstFloodMaxRstFramePerWindow(RESETS_MAX)
                        .setInitialSettings(new Http2Settings()
                                .setMaxConcurrentStreams(STREAMS_MAX)
                                .setInitialWindowSize(1024 * 1024)))
                .requestHandler(grpc);
        Path aside = path.resolveSibling("." + ProcessHandle.current().pid());
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            Files.deleteIfExists(aside);
            Bound.await(server.listen(SocketAddress.domainSocketAddress(aside.toString())), Bound.LISTEN);
            if (config.uid() != 0 || config.gid() != 0) {
                Os.chown(aside, config.uid(), config.gid());
            }
            Files.setPosixFilePermissions(aside, PosixFilePermissions.fromString("rw-rw----"));
            Files.move(aside, path, StandardCopyOption.ATOMIC_MOVE);
            return new GrpcListener(path, key(path), server);
        } catch (Exception e) {
            server.close();
            throw new StartException(ExitCode.FAILED, "address " + path + ": cannot listen: " + e.getMessage(), e);
        }
    }

    Path path() {
        return path;
    }

    /// Stops listening, lets calls finish for a moment, removes the socket unless somebody else has put
    /// his there.
    @Override
    public void close() throws IOException {
        if (Files.exists(path) && key(path).equals(fileKey)) {
            Files.delete(path);
        }
        Bound.close(server.shutdown(GRACE.toMillis(), TimeUnit.MILLISECONDS), GRACE.plusSeconds(2));
    }

    private static Object key(Path path) throws IOException {
        return Files.getAttribute(path, "unix:ino");
    }
}
