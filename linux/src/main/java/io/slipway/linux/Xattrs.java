package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Extended attributes of an open file, and of a child of a directory without following it.
///
/// For a child there is setxattrat(2) and its family; before Linux 6.13 the child is held by O_PATH and reached
/// through `/proc/self/fd`, which stands for the file itself, also for a symbolic link.
final class Xattrs {
    private static final byte[] NO_VALUE = {};

    private Xattrs() {}

    static void set(FileHandle on, byte[] attribute, byte[] value) throws IOException {
        try (Scratch s = Scratch.take()) {
            long name = attribute(s, attribute, on);
            long data = value(s, value, on);
            s.check(Sys.call(s, Nr.FSETXATTR, on.fd(), name, data, value.length, 0), "fsetxattr", on, attribute);
        }
    }

    static Optional<byte[]> get(FileHandle on, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take()) {
            long name = attribute(s, attribute, on);
            long n = Sys.call(s, Nr.FGETXATTR, on.fd(), name, s.data().address(), Flags.XATTR_SIZE_MAX);
            return value(s, n, "fgetxattr", on, attribute);
        }
    }

    static void set(Dir dir, byte[] child, byte[] attribute, byte[] value) throws IOException {
        try (Scratch s = Scratch.take()) {
            if (Probe.Xattrat.PRESENT) {
                long path = s.name(dir, child);
                long name = attribute(s, attribute, dir);
                long args = arguments(s, value(s, value, dir), value.length);
                s.check(
                        Sys.call(s, Nr.SETXATTRAT, dir.fd(), path, Flags.AT_SYMLINK_NOFOLLOW, name, args, 16),
                        "setxattrat",
                        dir,
                        child);
                return;
            }
            try (FileHandle held = hold(s, dir, child)) {
                long path = s.pathOf(held.fd());
                long name = attribute(s, attribute, dir);
                long data = value(s, value, dir);
                s.check(Sys.call(s, Nr.SETXATTR, path, name, data, value.length, 0), "setxattr", dir, child);
            }
        }
    }

    static Optional<byte[]> get(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take()) {
            if (Probe.Xattrat.PRESENT) {
                long path = s.name(dir, child);
                long name = attribute(s, attribute, dir);
                long args = arguments(s, s.data().address(), Flags.XATTR_SIZE_MAX);
                long n = Sys.call(s, Nr.GETXATTRAT, dir.fd(), path, Flags.AT_SYMLINK_NOFOLLOW, name, args, 16);
                return value(s, n, "getxattrat", dir, child);
            }
            try (FileHandle held = hold(s, dir, child)) {
                long path = s.pathOf(held.fd());
                long name = attribute(s, attribute, dir);
                long n = Sys.call(s, Nr.GETXATTR, path, name, s.data().address(), Flags.XATTR_SIZE_MAX);
                return value(s, n, "getxattr", dir, child);
            }
        }
    }

    static List<byte[]> list(Dir dir, byte[] child) throws IOException {
        try (Scratch s = Scratch.take()) {
            long data = s.data().address();
            if (Probe.Xattrat.PRESENT) {
                long path = s.name(dir, child);
                int flags = Flags.AT_SYMLINK_NOFOLLOW;
                long n = Sys.call(s, Nr.LISTXATTRAT, dir.fd(), path, flags, data, Flags.XATTR_LIST_MAX);
                return names(s, n, "listxattrat", dir, child);
            }
            try (FileHandle held = hold(s, dir, child)) {
                long n = Sys.call(s, Nr.LISTXATTR, s.pathOf(held.fd()), data, Flags.XATTR_LIST_MAX);
                return names(s, n, "listxattr", dir, child);
            }
        }
    }

    static void remove(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take()) {
            if (Probe.Xattrat.PRESENT) {
                long path = s.name(dir, child);
                long name = attribute(s, attribute, dir);
                int flags = Flags.AT_SYMLINK_NOFOLLOW;
                long n = Sys.call(s, Nr.REMOVEXATTRAT, dir.fd(), path, flags, name);
                checkRemoved(s, n, "removexattrat", dir, child);
                return;
            }
            try (FileHandle held = hold(s, dir, child)) {
                long path = s.pathOf(held.fd());
                long n = Sys.call(s, Nr.REMOVEXATTR, path, attribute(s, attribute, dir));
                checkRemoved(s, n, "removexattr", dir, child);
            }
        }
    }

    private static void checkRemoved(Scratch s, long n, String call, Dir dir, byte[] child) throws IOException {
        if (n < 0 && !s.failedWith(Errno.ENODATA)) {
            throw s.failure(call, dir, child);
        }
    }

    private static FileHandle hold(Scratch s, Dir dir, byte[] child) throws IOException {
        int flags = Flags.O_PATH | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
        long fd = s.check(Sys.call(s, Nr.OPENAT, dir.fd(), s.name(dir, child), flags), "openat", dir, child);
        return new FileHandle((int) fd, dir.subject(), child);
    }

    /// The attribute's name in the second place, so that the child's may stand in the first.
    private static long attribute(Scratch s, byte[] attribute, Descriptor on) throws LinuxException {
        if (attribute.length == 0 || attribute.length > Flags.XATTR_NAME_MAX) {
            throw new LinuxException("extended attribute name", on.subject(attribute), Errno.ERANGE);
        }
        return s.secondPath(attribute);
    }

    private static long value(Scratch s, byte[] value, Descriptor on) throws LinuxException {
        if (value.length > Flags.XATTR_SIZE_MAX) {
            throw new LinuxException("extended attribute value", on.subject(), Errno.E2BIG);
        }
        MemorySegment.copy(value, 0, s.data(), JAVA_BYTE, 0, value.length);
        return s.data().address();
    }

    /// `struct xattr_args` of `linux/xattr.h`: value, size, flags.
    private static long arguments(Scratch s, long value, int size) {
        s.struct.set(JAVA_LONG, 0, value);
        s.struct.set(JAVA_INT, 8, size);
        s.struct.set(JAVA_INT, 12, 0);
        return s.struct.address();
    }

    private static Optional<byte[]> value(Scratch s, long n, String call, Descriptor on, byte[] name)
            throws LinuxException {
        if (n < 0) {
            if (s.failedWith(Errno.ENODATA)) {
                return Optional.empty();
            }
            throw s.failure(call, on, name);
        }
        return Optional.of(n == 0 ? NO_VALUE : s.data().asSlice(0, n).toArray(JAVA_BYTE));
    }

    private static List<byte[]> names(Scratch s, long n, String call, Dir dir, byte[] child) throws LinuxException {
        if (n < 0 && s.failedWith(Errno.EOPNOTSUPP)) {
            return List.of();
        }
        s.check(n, call, dir, child);
        List<byte[]> names = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < n; i++) {
            if (s.data().get(JAVA_BYTE, i) == 0) {
                names.add(s.data().asSlice(start, i - start).toArray(JAVA_BYTE));
                start = i + 1;
            }
        }
        return List.copyOf(names);
    }
}
