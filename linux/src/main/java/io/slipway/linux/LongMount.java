package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Mounts whose options don't fit the one page that mount(2) takes: overlays of many layers.
///
/// From Linux 6.8 on each layer is an option of its own (fsopen(2), fsconfig(2) with `lowerdir+`). Before, or where a
/// path is longer than the 255 bytes of one such option, the layers are named relative to their common directory by a
/// thread that has a working directory of its own (unshare(2) with CLONE_FS) and ends afterwards: the process's
/// working directory is everybody's.
final class LongMount {
    // linux/mount.h
    private static final int FSOPEN_CLOEXEC = 1;
    private static final int FSCONFIG_SET_FLAG = 0;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_CMD_CREATE = 6;
    private static final int FSMOUNT_CLOEXEC = 1;
    private static final int MOUNT_ATTR_RDONLY = 1;
    private static final int MOUNT_ATTR_NOSUID = 2;
    private static final int MOUNT_ATTR_NODEV = 4;
    private static final int MOUNT_ATTR_NOEXEC = 8;
    private static final int MOUNT_ATTR_NOATIME = 0x10;
    private static final int MOUNT_ATTR_STRICTATIME = 0x20;
    private static final int MOUNT_ATTR_NODIRATIME = 0x80;

    // linux/sched.h
    private static final long CLONE_FS = 0x200;

    /// Lower layers of one overlay, those that only lend data among them (fs/overlayfs/params.h).
    private static final int LAYERS_MAX = 500;

    /// Bytes of one option's value (fs/fsopen.c: 256 with the NUL).
    private static final int OPTION_MAX = 255;

    private LongMount() {}

    static void mount(Mount mount, MountOptions options, String target, boolean layerByLayer) throws IOException {
        OverlayLayers layers = OverlayLayers.of(options.data());
        List<String> single = options.data().stream()
                .filter(option -> !option.startsWith(OverlayLayers.OPTION))
                .toList();
        if (!mount.type().equals("overlay") || layers.lower().isEmpty()) {
            throw new LinuxException("mount", target, Errno.E2BIG);
        }
        int count = layers.lower().size() + layers.data().size();
        if (count > LAYERS_MAX) {
            throw new LinuxException(
                    "mount", target, Errno.EINVAL.number(), count + " layers, overlayfs takes " + LAYERS_MAX);
        }
        if (layerByLayer && fits(single) && fits(layers.lower()) && fits(layers.data())) {
            byLayer(mount, options, single, layers, target);
        } else {
            byDirectory(mount, options, single, layers, target);
        }
    }

    private static boolean fits(List<String> values) {
        return values.stream().allMatch(v -> v.getBytes(StandardCharsets.UTF_8).length <= OPTION_MAX);
    }

    private static void byLayer(
            Mount mount, MountOptions options, List<String> single, OverlayLayers layers, String target)
            throws IOException {
        try (Scratch s = Scratch.take()) {
            long fs = s.check(Sys.call(s, Nr.FSOPEN, s.path(mount.type()), FSOPEN_CLOEXEC), "fsopen", mount.type());
            try {
                set(s, fs, target, "source", mount.source());
                for (String option : single) {
                    int equals = option.indexOf('=');
                    if (equals < 0) {
                        flag(s, fs, target, option);
                    } else {
                        set(s, fs, target, option.substring(0, equals), option.substring(equals + 1));
                    }
                }
                for (String layer : layers.lower()) {
                    set(s, fs, target, "lowerdir+", layer);
                }
                for (String layer : layers.data()) {
                    set(s, fs, target, "datadir+", layer);
                }
                if ((options.flags() & MountOptions.MS_RDONLY) != 0) {
                    flag(s, fs, target, "ro");
                }
                configured(s, fs, target, Sys.call(s, Nr.FSCONFIG, fs, FSCONFIG_CMD_CREATE, 0, 0, 0));
                attach(s, fs, options, target);
            } finally {
                Io.close((int) fs);
            }
        }
    }

    private static void attach(Scratch s, long fs, MountOptions options, String target) throws IOException {
        long mounted = Sys.call(s, Nr.FSMOUNT, fs, FSMOUNT_CLOEXEC, attributes(options.flags()));
        s.check(mounted, "fsmount", target);
        try {
            DetachedTree.attach((int) mounted, target);
        } finally {
            Io.close((int) mounted);
        }
    }

    private static int attributes(long flags) {
        int attributes = 0;
        attributes |= (flags & MountOptions.MS_RDONLY) != 0 ? MOUNT_ATTR_RDONLY : 0;
        attributes |= (flags & MountOptions.MS_NOSUID) != 0 ? MOUNT_ATTR_NOSUID : 0;
        attributes |= (flags & MountOptions.MS_NODEV) != 0 ? MOUNT_ATTR_NODEV : 0;
        attributes |= (flags & MountOptions.MS_NOEXEC) != 0 ? MOUNT_ATTR_NOEXEC : 0;
        attributes |= (flags & MountOptions.MS_NODIRATIME) != 0 ? MOUNT_ATTR_NODIRATIME : 0;
        if ((flags & MountOptions.MS_NOATIME) != 0) {
            return attributes | MOUNT_ATTR_NOATIME;
        }
        return (flags & MountOptions.MS_STRICTATIME) != 0 ? attributes | MOUNT_ATTR_STRICTATIME : attributes;
    }

    private static void set(Scratch s, long fs, String target, String key, String value) throws IOException {
        long k = s.path(key);
        long v = s.secondPath(value.getBytes(StandardCharsets.UTF_8));
        configured(s, fs, target, Sys.call(s, Nr.FSCONFIG, fs, FSCONFIG_SET_STRING, k, v, 0));
    }

    private static void flag(Scratch s, long fs, String target, String key) throws IOException {
        configured(s, fs, target, Sys.call(s, Nr.FSCONFIG, fs, FSCONFIG_SET_FLAG, s.path(key), 0, 0));
    }

    /// The file system's own words can be read from its descriptor, one message per read.
    private static void configured(Scratch s, long fs, String target, long result) throws IOException {
        if (result < 0) {
            int errno = s.errno();
            long n = Sys.call(s, Nr.READ, fs, s.data().address(), 1024);
            byte[] message = n > 0 ? s.data().asSlice(0, n).toArray(JAVA_BYTE) : new byte[0];
            String detail = new String(message, StandardCharsets.UTF_8).strip();
            throw new LinuxException("fsconfig", target, errno, detail);
        }
    }

    private static void byDirectory(
            Mount mount, MountOptions options, List<String> single, OverlayLayers layers, String target)
            throws IOException {
        String base = layers.commonDirectory();
        List<String> data = new ArrayList<>(single);
        data.add(OverlayLayers.OPTION + layers.relativeTo(base));
        String joined = String.join(",", data);
        if (joined.getBytes(StandardCharsets.UTF_8).length >= SystemMounts.DATA_MAX) {
            throw new LinuxException("mount", target, Errno.E2BIG);
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("slipway-mount").start(() -> {
            try {
                enter(base);
                SystemMounts.mountOnce(mount, options.mountFlags(), target, joined);
                done.complete(null);
            } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            // Not interruptible: whether it is mounted must be known. The kernel answers in milliseconds.
            done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof LinuxException refused) {
                throw new LinuxException(refused.call(), refused.subject(), refused.number());
            }
            throw new IOException(e.getCause());
        }
    }

    /// Gives this thread a working directory of its own.
    private static void enter(String directory) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.UNSHARE, CLONE_FS), "unshare", "CLONE_FS");
            s.check(Sys.call(s, Nr.CHDIR, s.path(directory)), "chdir", directory);
        }
    }
}
