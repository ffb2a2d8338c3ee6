package io.slipway.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Unix sockets by path: who is behind one, and how to put one up so that nobody can connect before its owner and
/// mode are right.
public final class UnixSockets {
    /// The longest path of a unix socket in bytes (sun_path of `linux/un.h` less the NUL, as Go programs count it).
    public static final int PATH_MAX_BYTES = 106;

    private UnixSockets() {}

    /// Whether somebody accepts connections on `socket`. False when it is absent or nobody listens.
    public static boolean answers(Path socket) throws IOException {
        try (UnixSocket probe = UnixSocket.stream(socket.toString())) {
            return probe.connects(bytes(socket));
        }
    }

    /// The name beside `socket` to bind first; what a crash left there is removed.
    ///
    /// @throws LinuxException ENAMETOOLONG when `socket` is longer than [#PATH_MAX_BYTES]
    public static Path temporary(Path socket) throws IOException {
        if (bytes(socket).length > PATH_MAX_BYTES) {
            throw new LinuxException("unix address", socket.toString(), Errno.ENAMETOOLONG);
        }
        Path bound = socket.resolveSibling(socket.getFileName() + "~");
        Files.deleteIfExists(bound);
        return bound;
    }

    /// Gives a bound socket its mode and owner and puts it in its place, over whatever was there.
    public static void publish(Path bound, Path socket, int mode, long uid, long gid) throws IOException {
        Os.chown(bound, uid, gid);
        Os.chmod(bound, mode);
        Files.move(bound, socket, StandardCopyOption.ATOMIC_MOVE);
    }

    private static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }
}
