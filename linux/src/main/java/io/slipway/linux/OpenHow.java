package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

/// openat2(2) with its `struct open_how` (`linux/openat2.h`): flags, mode, resolve.
final class OpenHow {
    private static final int BYTES = 24;

    /// The kernel answers EAGAIN when a rename elsewhere raced with a walk that must stay inside.
    private static final int RACES_MAX = 1000;

    private OpenHow() {}

    static long call(Scratch s, Dir from, long path, int flags, long resolve) {
        for (int tries = 1; ; tries++) {
            s.struct.set(JAVA_LONG, 0, flags);
            s.struct.set(JAVA_LONG, 8, 0);
            s.struct.set(JAVA_LONG, 16, resolve);
            long fd = Sys.call(s, Nr.OPENAT2, from.fd(), path, s.struct.address(), BYTES);
            if (fd >= 0 || !s.failedWith(Errno.EAGAIN) || tries == RACES_MAX) {
                return fd;
            }
            Thread.onSpinWait();
        }
    }
}
