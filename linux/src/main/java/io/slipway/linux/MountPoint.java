package io.slipway.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Where a mount goes.
final class MountPoint {
    private MountPoint() {}

    /// The real path of `inner` with `target` as root (openat2(2), RESOLVE_IN_ROOT): no link in a container's tree
    /// leads the mount to somewhere else. `target` itself when there is no inner path.
    static Path inside(Path target, String inner) throws IOException {
        if (inner.isEmpty() || inner.equals("/")) {
            return target.toAbsolutePath();
        }
        byte[] walk = inner.getBytes(StandardCharsets.UTF_8);
        try (Dir root = Dir.openRoot(target);
                Scratch s = Scratch.take()) {
            long resolve = Flags.RESOLVE_IN_ROOT | Flags.RESOLVE_NO_MAGICLINKS;
            long fd = OpenHow.call(s, root, s.path(walk), Flags.O_PATH | Flags.O_CLOEXEC, resolve);
            s.check(fd, "openat2", root, walk);
            try {
                long n = Sys.call(
                        s,
                        Nr.READLINKAT,
                        Flags.AT_FDCWD,
                        s.pathOf((int) fd),
                        s.data().address(),
                        Flags.PATH_MAX);
                s.check(n, "readlink", root, walk);
                byte[] path = s.data().asSlice(0, n).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                return Path.of(new String(path, StandardCharsets.UTF_8));
            } finally {
                Io.close((int) fd);
            }
        }
    }
}
