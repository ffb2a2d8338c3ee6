package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;

/// Unix sockets by path: who is behind one, and how to put one up so that nobody can connect before its owner and mode
/// are right.
public final class UnixSockets {
    /// The longest path of a unix socket in bytes (sun_path of `linux/un.h` less the NUL, as Go programs count it).
    public static final int PATH_MAX_BYTES = 106;

    private UnixSockets() {}

    /// Whether somebody accepts connections on `socket`. False when it is absent or nobody listens.
    public static boolean answers(Path socket) throws IOException {
        return Pending.<Boolean>body();
    }

    /// The name beside `socket` to bind first; what a crash left there is removed.
    public static Path temporary(Path socket) throws IOException {
        return Pending.body();
    }

    /// Gives a bound socket its mode and owner and puts it in its place, over whatever was there.
    public static void publish(Path bound, Path socket, int mode, long uid, long gid) throws IOException {
        Pending.body();
    }
}
