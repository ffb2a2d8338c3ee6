package io.slipway.snapshotter.btrfs;

import io.slipway.linux.Attributes;
import io.slipway.linux.Btrfs;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.IdMapping;
import io.slipway.linux.LinuxException;
import io.slipway.linux.Mount;
import io.slipway.linux.MountedOn;
import io.slipway.linux.Os;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.MountedSnapshot;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.tree.PlainStaged;
import io.slipway.snapshotter.tree.PlainTrees;
import io.slipway.snapshotter.tree.SnapshotDirs;
import io.slipway.snapshotter.tree.TreeUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/// The btrfs driver. Needs root and a directory on btrfs.
public final class BtrfsDriver implements SnapshotDriver {
    /// The name in the API.
    public static final String NAME = "btrfs";

    private final SnapshotDirs dirs;
    private final String device;

    private BtrfsDriver(SnapshotDirs dirs, String device) {
        this.dirs = dirs;
        this.device = device;
    }

    /// Opens the driver below `<root>/snapshotters/btrfs`, making what is missing.
    ///
    /// @throws IOException when that is not on btrfs, saying so
    public static BtrfsDriver open(Path root, LongSupplier random) throws IOException {
        Path snapshots = root.toAbsolutePath()
                .normalize()
                .resolve("snapshotters")
                .resolve(NAME)
                .resolve("snapshots");
        String type = Os.fileSystem(existing(snapshots)).type();
        if (!type.equals(Btrfs.TYPE)) {
            throw new IOException(snapshots.getParent() + " is on " + type
                    + ", and snapshots of btrfs need btrfs; put the root directory on one, or mount one there");
        }
        SnapshotDirs dirs = SnapshotDirs.open(snapshots, random, BtrfsDriver::remove);
        try {
            MountedOn mounted = MountedOn.of(snapshots)
                    .filter(on -> on.type().equals(Btrfs.TYPE))
                    .orElseThrow(() -> new IOException("the device that " + snapshots
                            + " is on can't be told: its mount is not in /proc/self/mountinfo"));
            return new BtrfsDriver(dirs, mounted.source());
        } catch (IOException e) {
            dirs.close();
            throw e;
        }
    }

    /// The nearest directory above that is there; nothing is made where the driver can't be used.
    private static Path existing(Path path) throws IOException {
        Path at = path;
        while (at != null && !Files.exists(at)) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IOException(path + " has no directory above it");
        }
        return at;
    }

    /// Directories that never became subvolumes, and subvolumes with others in them, go entry by entry.
    private static void remove(Dir parent, byte[] name) throws IOException {
        Optional<Attributes> there = parent.find(name);
        if (there.isEmpty()) {
            return;
        }
        boolean subvolume;
        try (Dir dir = parent.openChild(name)) {
            subvolume = Btrfs.isSubvolume(dir);
            if (subvolume) {
                Btrfs.setReadOnly(dir, false);
            }
        }
        if (subvolume) {
            try {
                Btrfs.removeSubvolume(parent, name);
                return;
            } catch (LinuxException e) {
                if (e.errno() != Errno.ENOTEMPTY) {
                    throw e;
                }
            }
        }
        parent.removeTree(name);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of();
    }

    @Override
    public Staged stage(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException {
        return PlainStaged.make(dirs, new Trees(), kind, parents);
    }

    private final class Trees implements PlainTrees {
        @Override
        public void create(byte[] name) throws IOException {
            Btrfs.createSubvolume(dirs.dir(), name);
        }

        @Override
        public void copy(long number, byte[] name) throws IOException {
            snapshot(number, name, false);
        }

        @Override
        public void view(long number, byte[] name) throws IOException {
            snapshot(number, name, true);
        }

        private void snapshot(long number, byte[] name, boolean readOnly) throws IOException {
            try (Dir from = dirs.published(number, "")) {
                Btrfs.snapshot(from, dirs.dir(), name, readOnly);
            }
        }
    }

    @Override
    public List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents, IdMapping ids) throws IOException {
        List<String> options = new ArrayList<>();
        try (Dir subvolume = dirs.published(directory, "")) {
            options.add("subvolid=" + Btrfs.subvolumeId(subvolume));
        }
        if (kind == SnapshotKind.VIEW) {
            options.add("ro");
        }
        return List.of(new Mount("btrfs", device, "", options));
    }

    @Override
    public SnapshotUsage usage(long directory, List<Long> parents) throws IOException {
        try (Dir tree = dirs.published(directory, "")) {
            if (parents.isEmpty()) {
                return TreeUsage.of(tree);
            }
            try (Dir below = dirs.published(parents.getFirst(), "")) {
                return TreeUsage.beyond(tree, below);
            }
        }
    }

    @Override
    public void seal(long directory) throws IOException {
        try (Dir subvolume = dirs.published(directory, "")) {
            Btrfs.setReadOnly(subvolume, true);
        }
    }

    @Override
    public Set<Long> directories() throws IOException {
        return dirs.numbers();
    }

    @Override
    public List<MountedSnapshot> mounted() throws IOException {
        return dirs.mounted("");
    }

    @Override
    public Removal cleanup(Set<Long> live) throws IOException {
        return dirs.cleanup(live);
    }

    @Override
    public void sync() throws IOException {
        dirs.sync();
    }

    @Override
    public void close() {
        dirs.close();
    }
}
