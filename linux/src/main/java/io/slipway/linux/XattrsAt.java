package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// By setxattrat(2) and its family, Linux 6.13.
final class XattrsAt implements ChildXattrs {
    private static final int ARGUMENTS_BYTES = 16;
    private static final int FLAGS = Flags.AT_SYMLINK_NOFOLLOW;

    @Override
    public void set(Dir dir, byte[] child, byte[] attribute, byte[] value) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(dir, child);
            long name = Xattrs.attribute(s, attribute, dir);
            long args = arguments(s, Xattrs.value(s, value, dir), value.length);
            long n = Sys.call(s, Nr.SETXATTRAT, dir.fd(), path, FLAGS, name, args, ARGUMENTS_BYTES);
            s.check(n, "setxattrat", dir, child);
        }
    }

    @Override
    public Optional<byte[]> get(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(dir, child);
            long name = Xattrs.attribute(s, attribute, dir);
            long args = arguments(s, s.data().address(), Flags.XATTR_SIZE_MAX);
            long n = Sys.call(s, Nr.GETXATTRAT, dir.fd(), path, FLAGS, name, args, ARGUMENTS_BYTES);
            return Xattrs.value(s, n, "getxattrat", dir, child);
        }
    }

    @Override
    public List<byte[]> list(Dir dir, byte[] child) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(dir, child);
            long data = s.data().address();
            long n = Sys.call(s, Nr.LISTXATTRAT, dir.fd(), path, FLAGS, data, Flags.XATTR_LIST_MAX);
            return Xattrs.names(s, n, "listxattrat", dir, child);
        }
    }

    @Override
    public void remove(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(dir, child);
            long name = Xattrs.attribute(s, attribute, dir);
            long n = Sys.call(s, Nr.REMOVEXATTRAT, dir.fd(), path, FLAGS, name);
            Xattrs.checkRemoved(s, n, "removexattrat", dir, child);
        }
    }

    /// `struct xattr_args` of `linux/xattr.h`: value, size, flags.
    static long arguments(Scratch s, long value, int size) {
        s.struct.set(JAVA_LONG, 0, value);
        s.struct.set(JAVA_INT, 8, size);
        s.struct.set(JAVA_INT, 12, 0);
        return s.struct.address();
    }
}
