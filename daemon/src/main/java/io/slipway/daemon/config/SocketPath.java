package io.slipway.daemon.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What a path of a unix socket must be.
final class SocketPath {
    /// sockaddr_un.sun_path holds 108 bytes with the closing zero (unix(7)); containerd's shims refuse
    /// more than 106.
    static final int PATH_BYTES_MAX = 106;

    private static final String TTRPC_SUFFIX = ".ttrpc";

    private SocketPath() {}

    /// @throws IllegalArgumentException with what is wrong
    static Path check(Path path) {
        return check(path, PATH_BYTES_MAX);
    }

    /// The API's socket has a second one beside it with a longer name.
    ///
    /// @throws IllegalArgumentException with what is wrong
    static Path checkApi(Path path) {
        return check(path, PATH_BYTES_MAX - TTRPC_SUFFIX.length());
    }

    private static Path check(Path path, int bytesMax) {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("a socket path must be absolute");
        }
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > bytesMax) {
            throw new IllegalArgumentException(
                    "a socket path has at most " + bytesMax + " bytes, this one has " + bytes);
        }
        return path;
    }
}
