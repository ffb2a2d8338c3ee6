package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/// statx(2): `struct statx` of `linux/stat.h`, the same on every architecture.
final class Statx {
    private static final int LINKS = 16;
    private static final int UID = 20;
    private static final int GID = 24;
    private static final int MODE = 28;
    private static final int INODE = 32;
    private static final int SIZE = 40;
    private static final int BLOCKS = 48;
    private static final int ACCESSED = 64;
    private static final int CHANGED = 96;
    private static final int MODIFIED = 112;
    private static final int RDEV = 128;
    private static final int DEVICE = 136;

    private Statx() {}

    /// Asks for a child (flags AT_SYMLINK_NOFOLLOW) or, with an empty name, a descriptor (AT_EMPTY_PATH).
    static long ask(Scratch s, int fd, long name, int flags) {
        return Sys.call(s, Nr.STATX, fd, name, flags, Flags.STATX_BASIC_STATS, s.struct.address());
    }

    /// Asks for what a descriptor stands for.
    static Attributes of(Scratch s, Descriptor on) throws LinuxException {
        s.check(ask(s, on.fd(), s.path(""), Flags.AT_EMPTY_PATH), "statx", on);
        return answer(s);
    }

    /// What the last successful [#ask] said.
    static Attributes answer(Scratch s) {
        MemorySegment x = s.struct;
        int mode = Short.toUnsignedInt(x.get(JAVA_SHORT, MODE));
        return new Attributes(
                FileType.ofMode(mode),
                mode & 07777,
                Integer.toUnsignedLong(x.get(JAVA_INT, UID)),
                Integer.toUnsignedLong(x.get(JAVA_INT, GID)),
                x.get(JAVA_LONG, SIZE),
                x.get(JAVA_LONG, BLOCKS),
                x.get(JAVA_LONG, INODE),
                device(x, DEVICE),
                device(x, RDEV),
                Integer.toUnsignedLong(x.get(JAVA_INT, LINKS)),
                time(x, ACCESSED),
                time(x, MODIFIED),
                time(x, CHANGED));
    }

    private static DeviceNumber device(MemorySegment x, int offset) {
        int major = x.get(JAVA_INT, offset);
        int minor = x.get(JAVA_INT, offset + 4);
        return major == 0 && minor == 0 ? DeviceNumber.ZERO : new DeviceNumber(major, minor);
    }

    private static Timestamp time(MemorySegment x, int offset) {
        return new Timestamp(x.get(JAVA_LONG, offset), x.get(JAVA_INT, offset + 8));
    }
}
