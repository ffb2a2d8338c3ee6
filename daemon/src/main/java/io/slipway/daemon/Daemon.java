package io.slipway.daemon;

import io.slipway.cas.grpc.GrpcServices;
import io.slipway.daemon.config.Address;
import io.slipway.daemon.config.Config;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.config.Role;
import io.slipway.linux.Os;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All parts of one running daemon, put together by hand in the order in which they need each other and
/// closed in the
/// reverse one. Started and closed from one thread.
final class Daemon implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Daemon.class);
    private static final Duration VERTX_CLOSE = Duration.ofSeconds(3);

    private final Closing closing;
    private final Directories directories;
    private final ReadyFile ready;

    private Daemon(Closing closing, Directories directories, ReadyFile ready) {
        this.closing = closing;
        this.directories = directories;
        this.ready = ready;
    }

    /// Returns when every role answers.
    ///
    /// @param uptime time since the process started, asked for once everything answers
    static Daemon start(Config config, Host host, Supplier<Duration> uptime) throws StartException {
        Closing closing = new Closing();
        try {
            return start(closing, config, host, uptime);
        } catch (StartException e) {
            closing.close();
            throw e;
        } catch (Exception e) {
            closing.close();
            throw new StartException(ExitCode.FAILED, "cannot start: " + e, e);
        }
    }

    private static Daemon start(Closing closing, Config config, Host host, Supplier<Duration> uptime) throws Exception {
        Version version = Version.ofThisBuild();
        Set<Role> roles = RoleCheck.roles(config, host);
        Directories directories = closing.add("directories", Directories.claim(config.root(), config.state()));
        String nodeId = NodeId.of(directories.root());
        raiseOpenFiles();

        Vertx vertx = vertx();
        closing.add("vertx", () -> Bound.await(vertx.close(), VERTX_CLOSE));

        Readiness readiness = new Readiness();
        Meters meters = new Meters(version, uptime.get(), readiness);
        Optional<StatusListener> status = config.metrics().isPresent()
                ? Optional.of(closing.add(
                        "status listener",
                        StatusListener.listen(vertx, config.metrics().get(), readiness, meters::scrape)))
                : Optional.empty();

        List<PluginEntry> plugins = new ArrayList<>();
        GrpcServer grpc = GrpcListener.server(vertx);
        GrpcServices services = new GrpcServices(grpc);
        meters.apiCalls(services::callsInFlight);

        new SystemServices(version, nodeId, plugins).bind(services);
        if (roles.contains(Role.API)) {
            closing.add("api", GrpcListener.listen(vertx, config.grpc(), grpc));
        }

        readiness.answers("daemon");
        ReadyFile ready = new ReadyFile(
                ProcessHandle.current().pid(),
                version.version(),
                roles.contains(Role.API) ? config.grpc().address().toString() : "",
                roles.contains(Role.RUNTIME) ? config.grpc().ttrpc().toString() : "",
                List.of(),
                status.map(StatusListener::address).map(Address.Tcp::toString).orElse(""),
                roles.stream().map(Role::toString).toList(),
                uptime.get().toMillis());
        return new Daemon(closing, directories, ready);
    }

    Directories directories() {
        return directories;
    }

    /// Where everything is.
    ReadyFile ready() {
        return ready;
    }

    @Override
    public void close() {
        closing.close();
    }

    private static Vertx vertx() {
        return Vertx.vertx(new VertxOptions()
                // Only epoll has unix sockets; the loader falls back to NIO where the library is missing.
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(Math.max(2, Runtime.getRuntime().availableProcessors()))
                // Nothing of ours runs there; what Vert.x itself does (files, names) is little.
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(2)
                // Each check is a wake-up of an idle daemon.
                .setBlockedThreadCheckInterval(Duration.ofSeconds(10).toMillis())
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
    }

    private static void raiseOpenFiles() {
        try {
            Os.raiseOpenFiles();
        } catch (IOException e) {
            log.atWarn().setCause(e).log("The limit on open files stays as it is.");
        }
    }
}
