package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

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

    /// The attribute's name in the second place, so that the child's may stand in the first.
    static long attribute(Scratch s, byte[] attribute, Descriptor on) throws LinuxException {
        if (attribute.length == 0 || attribute.length > Flags.XATTR_NAME_MAX) {
            throw new LinuxException("extended attribute name", on.subject(attribute), Errno.ERANGE);
        }
        return s.secondPath(attribute);
    }

    static long value(Scratch s, byte[] value, Descriptor on) throws LinuxException {
        if (value.length > Flags.XATTR_SIZE_MAX) {
            throw new LinuxException("extended attribute value", on.subject(), Errno.E2BIG);
        }
        MemorySegment.copy(value, 0, s.data(), JAVA_BYTE, 0, value.length);
        return s.data().address();
    }

    static Optional<byte[]> value(Scratch s, long n, String call, Descriptor on, byte[] name) throws LinuxException {
        if (n < 0) {
            if (s.failedWith(Errno.ENODATA)) {
                return Optional.empty();
            }
            throw s.failure(call, on, name);
        }
        return Optional.of(n == 0 ? NO_VALUE : s.data().asSlice(0, n).toArray(JAVA_BYTE));
    }

    static List<byte[]> names(Scratch s, long n, String call, Dir dir, byte[] child) throws LinuxException {
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

    static void checkRemoved(Scratch s, long n, String call, Dir dir, byte[] child) throws LinuxException {
        if (n < 0 && !s.failedWith(Errno.ENODATA)) {
            throw s.failure(call, dir, child);
        }
    }
}
