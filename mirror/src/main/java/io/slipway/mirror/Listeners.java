package io.slipway.mirror;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The mirror's open listeners: every TCP address on every event loop it may use, each unix socket on one. A unix
/// socket is bound under a temporary name, given its mode and renamed, so that nobody connects to it half made.
final class Listeners {

    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    /// Longest wait for a listener to open or to be torn down.
    private static final Duration SETUP_BOUND = Duration.ofSeconds(20);

    /// Enough for what this machine's cores can move; more would only cost memory.
    private static final int MAX_LOOPS = 4;

    private final Vertx vertx;
    private final MirrorOptions options;
    private final RequestHandler handler;
    private final Semaphore connections;
    private final List<HttpServer> servers = new ArrayList<>(); // guarded by itself
    private final List<String> deployments = new ArrayList<>();
    private final List<Path> sockets = new ArrayList<>();
    private final List<String> bound = new ArrayList<>();

    private Listeners(Vertx vertx, MirrorOptions options, RequestHandler handler) {
        this.vertx = vertx;
        this.options = options;
        this.handler = handler;
        this.connections = new Semaphore(options.limits().maxConnections());
    }

    /// Opens all of them or none.
    static Listeners open(Vertx vertx, MirrorOptions options, RequestHandler handler)
            throws IOException, InterruptedException {
        List<ListenAddress> addresses =
                options.listen().stream().map(ListenAddress::parse).toList();
        for (ListenAddress address : addresses) {
            if (address instanceof ListenAddress.Tcp tcp
                    && options.tls().isEmpty()
                    && !options.plainOffLoopback()
                    && !tcp.isLoopback()) {
                throw new IllegalArgumentException("[mirror] address " + tcp.text()
                        + " is not loopback, and without a certificate the mirror serves plain HTTP; name a loopback"
                        + " address or unix:PATH and put a TLS proxy before it");
            }
        }
        var listeners = new Listeners(vertx, options, handler);
        try {
            int number = 0;
            for (ListenAddress address : addresses) {
                number++;
                switch (address) {
                    case ListenAddress.Tcp tcp -> listeners.open(tcp, number);
                    case ListenAddress.Unix unix -> listeners.open(unix);
                }
            }
            return listeners;
        } catch (IOException | InterruptedException | RuntimeException e) {
            listeners.close(Duration.ZERO);
            throw e;
        }
    }

    /// What is really listened on.
    List<String> bound() {
        return List.copyOf(bound);
    }

    private void open(ListenAddress.Tcp tcp, int number) throws IOException, InterruptedException {
        // A negative port is "one free port, the same for all instances of this deployment".
        int port = tcp.port() == 0 ? -number : tcp.port();
        int loops = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_LOOPS);
        HttpServer first = deploy(tcp.text(), SocketAddress.inetSocketAddress(Math.abs(port), tcp.host()), port, loops);
        bound.add(tcp.bound(first.actualPort()));
    }

    private void open(ListenAddress.Unix unix) throws IOException, InterruptedException {
        if (Files.exists(unix.path())) {
            if (answers(unix.path())) {
                throw new MirrorAddressException(
                        unix.text(), true, unix.text() + " is in use: somebody answers on it", null);
            }
            Files.delete(unix.path());
        }
        Path temporary = unix.path().resolveSibling(unix.path().getFileName() + ".new");
        Files.deleteIfExists(temporary);
        sockets.add(temporary);
        deploy(unix.text(), SocketAddress.domainSocketAddress(temporary.toString()), 0, 1);
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-rw----"));
        Files.move(temporary, unix.path(), StandardCopyOption.ATOMIC_MOVE);
        sockets.add(unix.path());
        bound.add(unix.text());
    }

    private static boolean answers(Path socket) {
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            return false;
        }
    }

    private HttpServer deploy(String text, SocketAddress address, int port, int instances)
            throws IOException, InterruptedException {
        var mine = new ArrayList<HttpServer>();
        var deployment = vertx.deployVerticle(
                () -> new VerticleBase() {
                    @Override
                    public Future<?> start() {
                        HttpServer server = vertx.createHttpServer(HttpSettings.of(options))
                                .requestHandler(handler)
                                .connectionHandler(Listeners.this::admit);
                        synchronized (servers) {
                            servers.add(server);
                            mine.add(server);
                        }
                        return address.isInetSocket() ? server.listen(port, address.host()) : server.listen(address);
                    }
                },
                new DeploymentOptions().setInstances(instances));
        try {
            deployments.add(await(deployment, SETUP_BOUND));
        } catch (ExecutionException e) {
            throw failed(text, e.getCause());
        } catch (TimeoutException e) {
            throw new MirrorAddressException(text, false, text + " could not be opened in time", e);
        }
        synchronized (servers) {
            return mine.getFirst();
        }
    }

    private static MirrorAddressException failed(String text, @Nullable Throwable cause) {
        // The native transport has an exception of its own, which is no BindException.
        boolean inUse = cause instanceof IOException
                && String.valueOf(cause.getMessage()).contains("in use");
        return new MirrorAddressException(
                text, inUse, text + " cannot be listened on: " + (cause == null ? "" : cause.getMessage()), cause);
    }

    private void admit(io.vertx.core.http.HttpConnection connection) {
        if (!connections.tryAcquire()) {
            LOG.debug(
                    "a connection is closed: all {} are open", options.limits().maxConnections());
            connection.close();
            return;
        }
        connection.closeHandler(_ -> connections.release());
        StreamWakeup.watch(connection);
    }

    /// Stops listening, lets answers in progress go on for the grace, then cuts what is left.
    void close(Duration grace) {
        List<HttpServer> all;
        synchronized (servers) {
            all = List.copyOf(servers);
            servers.clear();
        }
        try {
            var closing = all.stream()
                    .map(s -> s.shutdown(Math.max(1, grace.toMillis()), TimeUnit.MILLISECONDS))
                    .toList();
            await(Future.join(closing), grace.plus(SETUP_BOUND));
            for (String deployment : deployments) {
                await(vertx.undeploy(deployment), SETUP_BOUND);
            }
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn().addKeyValue("error", e.getMessage()).log("a listener of the mirror did not close in order");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            deployments.clear();
            for (Path socket : sockets) {
                try {
                    Files.deleteIfExists(socket);
                } catch (IOException e) {
                    LOG.atWarn()
                            .addKeyValue("path", socket)
                            .addKeyValue("error", e.getMessage())
                            .log("a socket of the mirror could not be removed");
                }
            }
            sockets.clear();
        }
    }

    private static <T> T await(Future<T> future, Duration bound)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.toCompletionStage().toCompletableFuture().get(bound.toMillis(), TimeUnit.MILLISECONDS);
    }
}
