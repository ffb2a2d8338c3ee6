package io.slipway.snapshotter.overlay;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Mount;
import io.slipway.linux.Os;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.layer.LargeFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/// The overlayfs driver. Needs root and a file system whose listings say the type of each name.
public final class OverlayDriver implements SnapshotDriver {
    /// The name in the API.
    public static final String NAME = "overlayfs";

    static final byte[] FS = ascii("fs");
    static final byte[] WORK = ascii("work");
    static final int FS_MODE = 0755;
    static final int WORK_MODE = 0711;

    /// Only root may look: layers hold setuid files that must not be reachable from outside a container.
    private static final int PRIVATE_MODE = 0700;

    private static final Path INDEX_PARAMETER = Path.of("/sys/module/overlay/parameters/index");

    private final Path snapshots;
    private final Dir dir;
    private final int umask;
    private final boolean indexOff;
    private final LongSupplier random;
    private final Set<String> staged = new HashSet<>();
    private final LargeFiles largeFiles = new LargeFiles();

    private OverlayDriver(Path snapshots, Dir dir, int umask, boolean indexOff, LongSupplier random) {
        this.snapshots = snapshots;
        this.dir = dir;
        this.umask = umask;
        this.indexOff = indexOff;
        this.random = random;
    }

    /// Opens the driver below `<root>/snapshotters/overlayfs`, making what is missing.
    public static OverlayDriver open(Path root, LongSupplier random) throws IOException {
        Path snapshots = root.toAbsolutePath()
                .normalize()
                .resolve("snapshotters")
                .resolve(NAME)
                .resolve("snapshots");
        if (snapshots.toString().indexOf(':') >= 0 || snapshots.toString().indexOf(',') >= 0) {
            throw new IOException("overlayfs can't be used below " + root
                    + ": mount options don't allow a colon or comma in the path");
        }
        Files.createDirectories(snapshots);
        if (!Os.listsTypes(snapshots)) {
            throw new IOException("overlayfs can't be used on " + snapshots
                    + ": its file system does not tell the types of names (d_type)");
        }
        Dir dir = Dir.openRoot(snapshots);
        try {
            dir.chmod(ascii("."), PRIVATE_MODE);
            return new OverlayDriver(snapshots, dir, umask(dir), Files.exists(INDEX_PARAMETER), random);
        } catch (IOException e) {
            dir.close();
            throw e;
        }
    }

    /// What the kernel takes away from the modes of new files, seen by making one.
    private static int umask(Dir dir) throws IOException {
        byte[] probe = ascii("new-umask");
        dir.removeTree(probe);
        dir.mkdir(probe, 0777);
        try {
            return ~dir.stat(probe).mode() & 0777;
        } finally {
            dir.rmdir(probe);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.REBASE);
    }

    @Override
    public Staged stage(SnapshotKind kind, List<Long> parents) throws IOException {
        String name = "new-" + Long.toHexString(random.getAsLong());
        synchronized (staged) {
            staged.add(name);
        }
        OverlayStaged made = new OverlayStaged(this, name);
        try {
            made.make(kind, parents);
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    void unstage(String name) {
        synchronized (staged) {
            staged.remove(name);
        }
    }

    Dir dir() {
        return dir;
    }

    int umask() {
        return umask;
    }

    LargeFiles largeFiles() {
        return largeFiles;
    }

    /// The layer of a published snapshot.
    Dir layer(long directory) throws IOException {
        return dir.openDir(ascii(directory + "/fs"));
    }

    @Override
    public List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents) {
        boolean view = kind == SnapshotKind.VIEW;
        if (parents.isEmpty()) {
            return List.of(bind(fs(directory), view ? "ro" : "rw"));
        }
        if (view && parents.size() == 1) {
            return List.of(bind(fs(parents.getFirst()), "ro"));
        }
        List<String> options = new ArrayList<>();
        if (!view) {
            options.add("workdir=" + snapshots.resolve(directory + "/work"));
            options.add("upperdir=" + fs(directory));
        }
        options.add(
                "lowerdir=" + String.join(":", parents.stream().map(this::fs).toList()));
        if (indexOff) {
            options.add("index=off");
        }
        return List.of(new Mount("overlay", "overlay", "", options));
    }

    private static Mount bind(String source, String access) {
        return new Mount("bind", source, "", List.of(access, "rbind"));
    }

    private String fs(long directory) {
        return snapshots.resolve(directory + "/fs").toString();
    }

    @Override
    public SnapshotUsage usage(long directory) throws IOException {
        try (Dir layer = layer(directory)) {
            return TreeUsage.of(layer);
        }
    }

    @Override
    public Removal cleanup(Set<Long> live) throws IOException {
        List<byte[]> doomed = new ArrayList<>();
        dir.forEach(entry -> {
            String name = new String(entry.name(), StandardCharsets.ISO_8859_1);
            if (name.startsWith("rm-") || !keep(name, live)) {
                doomed.add(entry.name());
            }
        });
        List<byte[]> moved = new ArrayList<>();
        for (byte[] name : doomed) {
            byte[] away = ascii("rm-" + Long.toHexString(random.getAsLong()));
            dir.rename(name, dir, away);
            moved.add(away);
        }
        return () -> {
            for (byte[] name : moved) {
                dir.removeTree(name);
            }
            return moved.size();
        };
    }

    private boolean keep(String name, Set<Long> live) {
        synchronized (staged) {
            if (staged.contains(name)) {
                return true;
            }
        }
        try {
            return live.contains(Long.parseLong(name));
        } catch (NumberFormatException _) {
            return false;
        }
    }

    @Override
    public void sync() throws IOException {
        dir.syncFileSystem();
    }

    @Override
    public void close() {
        largeFiles.close();
        dir.close();
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static Attributes top(Dir layer) throws IOException {
        return layer.stat(ascii("."));
    }
}
