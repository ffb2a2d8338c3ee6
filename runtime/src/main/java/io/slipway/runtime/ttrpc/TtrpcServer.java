package io.slipway.runtime.ttrpc;

import io.slipway.linux.Os;
import io.slipway.linux.UnixSockets;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves unary ttrpc calls on a unix socket.
///
/// The socket is bound under a temporary name, given mode 0660 and renamed into place, so that nobody ever sees it
/// with
/// other permissions. A path on which somebody answers is left alone. Each connection has a virtual thread that
/// reads
/// it, each call one that answers it; both are bounded.
public final class TtrpcServer implements AutoCloseable {
    /// Connections at once; further ones are closed unanswered. A shim process holds one.
    public static final int CONNECTIONS_MAX = 2048;

    private static final int SOCKET_MODE = 0660;
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);
    private static final Logger log = LoggerFactory.getLogger(TtrpcServer.class);

    private final Path socket;
    private final ServerSocketChannel listener;
    private final Map<String, TtrpcService> services;
    private final Set<ServedConnection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private TtrpcServer(Path socket, ServerSocketChannel listener, Map<String, TtrpcService> services) {
        this.socket = socket;
        this.listener = listener;
        this.services = services;
    }

    /// Binds `socket` and begins to serve.
    ///
    /// @throws BindException when another process answers on that path
    public static TtrpcServer listen(Path socket, List<TtrpcService> services) throws IOException {
        if (UnixSockets.answers(socket)) {
            throw new BindException(socket + " is in use by another process");
        }
        Path temporary = UnixSockets.temporary(socket);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(temporary));
            UnixSockets.publish(temporary, socket, SOCKET_MODE, Os.effectiveUser(), Os.effectiveGroup());
        } catch (IOException | RuntimeException e) {
            listener.close();
            Files.deleteIfExists(temporary);
            throw e;
        }
        TtrpcServer server = new TtrpcServer(
                socket, listener, services.stream().collect(Collectors.toMap(TtrpcService::name, Function.identity())));
        Thread.ofVirtual().name("ttrpc accept").start(server::accept);
        return server;
    }

    /// Where it listens.
    public Path socket() {
        return socket;
    }

    /// Connections open right now.
    public int connections() {
        return connections.size();
    }

    /// Stops accepting, closes every connection (their open calls are interrupted) and removes the socket. Twice is
    /// fine.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            Files.deleteIfExists(socket);
            listener.close();
        } catch (IOException e) {
            log.atWarn().addKeyValue("socket", socket).setCause(e).log("The ttrpc socket could not be removed.");
        }
        connections.forEach(ServedConnection::close);
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel channel = listener.accept();
                if (connections.size() >= CONNECTIONS_MAX) {
                    log.atWarn()
                            .addKeyValue("socket", socket)
                            .addKeyValue("connections", CONNECTIONS_MAX)
                            .log("A ttrpc connection was refused: too many are open.");
                    channel.close();
                    continue;
                }
                ServedConnection connection = new ServedConnection(channel, services, connections::remove);
                connections.add(connection);
                connection.start();
                if (closed) {
                    connection.close();
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                log.atWarn().addKeyValue("socket", socket).setCause(e).log("Accepting a ttrpc connection failed.");
                pause(); // out of descriptors, most likely: an immediate retry would spin
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(ACCEPT_PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
