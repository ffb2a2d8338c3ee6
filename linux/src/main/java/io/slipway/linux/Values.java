package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/// Values on their way into the kernel, checked so that none of its "leave it as it is" numbers gets through.
final class Values {
    /// (uid_t) -1 would mean "unchanged".
    private static final long ID_MAX = 0xFFFF_FFFEL;

    private Values() {}

    static long id(long id, Descriptor on) throws LinuxException {
        if (id < 0 || id > ID_MAX) {
            throw new LinuxException("chown to " + id, on.subject(), Errno.EINVAL);
        }
        return id;
    }

    static int mode(int mode, Descriptor on) throws LinuxException {
        if ((mode & ~07777) != 0) {
            throw new LinuxException("mode " + Integer.toOctalString(mode), on.subject(), Errno.EINVAL);
        }
        return mode;
    }

    /// The two `struct timespec` of utimensat(2). (A [Timestamp] can't hold UTIME_NOW or UTIME_OMIT.)
    static long times(Scratch s, Timestamp accessed, Timestamp modified) {
        MemorySegment t = s.struct;
        t.set(JAVA_LONG, 0, accessed.seconds());
        t.set(JAVA_LONG, 8, accessed.nanos());
        t.set(JAVA_LONG, 16, modified.seconds());
        t.set(JAVA_LONG, 24, modified.nanos());
        return t.address();
    }
}
