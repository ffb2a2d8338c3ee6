package io.slipway.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Mounts by the kernel: mount(2), umount2(2), and [LongMount] where their options are too long for it.
final class SystemMounts implements Mounts {
    /// mount(2) copies one page of options, the NUL among them.
    static final int DATA_MAX = 4096;

    /// overlayfs takes its layers one by one (`lowerdir+`) since then.
    private static final KernelVersion LAYER_BY_LAYER = new KernelVersion(6, 8);

    // linux/fs.h, for umount2(2)
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;

    /// Mounts on one point, or rounds over a table that others change: more is somebody else mounting in a loop.
    private static final int ROUNDS_MAX = 1000;

    @Override
    public void mount(List<Mount> mounts, Path target) throws IOException {
        List<Path> done = new ArrayList<>();
        try {
            for (Mount mount : mounts) {
                Path point = MountPoint.inside(target, mount.target());
                mountWhole(mount, point, done);
            }
        } catch (IOException | RuntimeException e) {
            for (Path point : done.reversed()) {
                try {
                    unmountOnce(point.toString());
                } catch (IOException left) {
                    e.addSuppressed(left);
                }
            }
            throw e;
        }
    }

    private static void mountWhole(Mount mount, Path point, List<Path> done) throws IOException {
        IdMapped shown = IdMapped.of(mount);
        MountOptions options = MountOptions.of(shown.mount());
        String target = point.toString();
        if (shown.isMapped()) {
            shown.mount(options, target, Os.kernel().compareTo(IdMapped.DETACHED_LAYERS) >= 0);
        } else {
            mountPlain(mount, target);
        }
        if ((options.flags() & MountOptions.MS_REMOUNT) == 0) {
            done.add(point);
        }
        Mount again = new Mount("", "", "", List.of());
        if (options.needsRemount()) {
            mountOnce(again, options.mountFlags() | MountOptions.MS_REMOUNT, target, "");
        }
        if (options.propagationFlags() != 0) {
            mountOnce(again, options.propagationFlags(), target, "");
        }
    }

    /// What a mount's own flags and options make, however long they are.
    static void mountPlain(Mount mount, String target) throws IOException {
        MountOptions options = MountOptions.of(mount);
        String data = options.joined();
        if (data.getBytes(StandardCharsets.UTF_8).length >= DATA_MAX) {
            LongMount.mount(mount, options, target, Os.kernel().compareTo(LAYER_BY_LAYER) >= 0);
        } else {
            mountOnce(mount, options.mountFlags(), target, data);
        }
    }

    /// One mount(2).
    static void mountOnce(Mount mount, long flags, String target, String data) throws IOException {
        try (Scratch s = Scratch.take()) {
            // Four strings, two places in the scratch: type and data go into its data.
            long type = s.text(0, mount.type());
            long options = s.text(DATA_MAX, data);
            long source = s.secondPath(mount.source().getBytes(StandardCharsets.UTF_8));
            long done = Sys.call(s, Nr.MOUNT, source, s.path(target), type, flags, options);
            if (done < 0) {
                throw new LinuxException("mount", target, s.errno(), mount.type() + " " + mount.source());
            }
        }
    }

    @Override
    public void unmount(Path target) throws IOException {
        byte[] path = absolute(target);
        for (int i = 0; i < ROUNDS_MAX; i++) {
            if (!unmountOnce(path)) {
                return;
            }
        }
        throw new LinuxException("umount2", target.toString(), Errno.EBUSY);
    }

    @Override
    public void unmountTree(Path under) throws IOException {
        Path root = real(under);
        for (int i = 0; i < ROUNDS_MAX; i++) {
            List<byte[]> points = MountTable.under(MountTable.read(), root);
            boolean any = false;
            for (byte[] point : points.reversed()) {
                any |= unmountOnce(point);
            }
            if (!any) {
                return;
            }
        }
        throw new LinuxException("umount2", under.toString(), Errno.EBUSY);
    }

    /// Takes the mount on top away.
    static void unmountOnce(String point) throws IOException {
        boolean _ = unmountOnce(point.getBytes(StandardCharsets.UTF_8));
    }

    /// @return false when nothing is mounted there
    private static boolean unmountOnce(byte[] path) throws IOException {
        try (Scratch s = Scratch.take()) {
            long point = s.path(path);
            long done = Sys.call(s, Nr.UMOUNT2, point, UMOUNT_NOFOLLOW);
            if (done < 0 && s.failedWith(Errno.EBUSY)) {
                done = Sys.call(s, Nr.UMOUNT2, point, UMOUNT_NOFOLLOW | MNT_DETACH);
            }
            if (done < 0 && (s.failedWith(Errno.EINVAL) || s.failedWith(Errno.ENOENT))) {
                return false;
            }
            s.check(done, "umount2", new String(path, StandardCharsets.UTF_8));
            return true;
        }
    }

    @Override
    public List<Path> mountPointsUnder(Path under) throws IOException {
        List<Path> points = new ArrayList<>();
        for (byte[] point : MountTable.under(MountTable.read(), real(under))) {
            points.add(Path.of(new String(point, StandardCharsets.UTF_8)));
        }
        return List.copyOf(points);
    }

    private static byte[] absolute(Path path) {
        return path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
    }

    /// As the mount table spells it. What does not exist has no links either.
    private static Path real(Path path) throws IOException {
        return Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
    }
}
