package io.slipway.linux;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Before Linux 6.13: the child is held by O_PATH and reached through `/proc/self/fd`, which stands for the file
/// itself, also for a symbolic link.
final class XattrsHeld implements ChildXattrs {
    @Override
    public void set(Dir dir, byte[] child, byte[] attribute, byte[] value) throws IOException {
        try (Scratch s = Scratch.take();
                FileHandle held = hold(s, dir, child)) {
            long path = s.pathOf(held.fd());
            long name = Xattrs.attribute(s, attribute, dir);
            long data = Xattrs.value(s, value, dir);
            s.check(Sys.call(s, Nr.SETXATTR, path, name, data, value.length, 0), "setxattr", dir, child);
        }
    }

    @Override
    public Optional<byte[]> get(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take();
                FileHandle held = hold(s, dir, child)) {
            long path = s.pathOf(held.fd());
            long name = Xattrs.attribute(s, attribute, dir);
            long n = Sys.call(s, Nr.GETXATTR, path, name, s.data().address(), Flags.XATTR_SIZE_MAX);
            return Xattrs.value(s, n, "getxattr", dir, child);
        }
    }

    @Override
    public List<byte[]> list(Dir dir, byte[] child) throws IOException {
        try (Scratch s = Scratch.take();
                FileHandle held = hold(s, dir, child)) {
            long data = s.data().address();
            long n = Sys.call(s, Nr.LISTXATTR, s.pathOf(held.fd()), data, Flags.XATTR_LIST_MAX);
            return Xattrs.names(s, n, "listxattr", dir, child);
        }
    }

    @Override
    public void remove(Dir dir, byte[] child, byte[] attribute) throws IOException {
        try (Scratch s = Scratch.take();
                FileHandle held = hold(s, dir, child)) {
            long path = s.pathOf(held.fd());
            long n = Sys.call(s, Nr.REMOVEXATTR, path, Xattrs.attribute(s, attribute, dir));
            Xattrs.checkRemoved(s, n, "removexattr", dir, child);
        }
    }

    private static FileHandle hold(Scratch s, Dir dir, byte[] child) throws IOException {
        int flags = Flags.O_PATH | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
        long fd = s.check(Sys.call(s, Nr.OPENAT, dir.fd(), s.name(dir, child), flags), "openat", dir, child);
        return new FileHandle((int) fd, dir.subject(), child);
    }
}
