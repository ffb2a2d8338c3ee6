package io.slipway.snapshotter.copying;

import io.slipway.linux.Dir;
import io.slipway.linux.IdMapping;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.MountedSnapshot;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.tree.PlainStaged;
import io.slipway.snapshotter.tree.PlainTrees;
import io.slipway.snapshotter.tree.SnapshotDirs;
import io.slipway.snapshotter.tree.TreeCopy;
import io.slipway.snapshotter.tree.TreeUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/// containerd's native snapshotter: every snapshot is a directory of its own with everything in it. Copies share
/// blocks where the file system can (btrfs, XFS). Needs root.
public final class CopyingDriver implements SnapshotDriver {
    /// The name in the API.
    public static final String NAME = "native";

    private final SnapshotDirs dirs;

    private CopyingDriver(SnapshotDirs dirs) {
        this.dirs = dirs;
    }

    /// Opens the driver below `<root>/snapshotters/native`, making what is missing.
    public static CopyingDriver open(Path root, LongSupplier random) throws IOException {
        Path snapshots = root.toAbsolutePath()
                .normalize()
                .resolve("snapshotters")
                .resolve(NAME)
                .resolve("snapshots");
        return new CopyingDriver(SnapshotDirs.open(snapshots, random, Dir::removeTree));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.COPIES);
    }

    @Override
    public Staged stage(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException {
        return PlainStaged.make(dirs, new Trees(), kind, parents);
    }

    private final class Trees implements PlainTrees {
        @Override
        public void create(byte[] name) throws IOException {
            dirs.dir().mkdir(name, 0755);
        }

        @Override
        public void copy(long number, byte[] name) throws IOException {
            create(name);
            try (Dir from = dirs.published(number, "");
                    Dir to = dirs.dir().openChild(name)) {
                TreeCopy.run(from, to);
            }
        }

        @Override
        public void view(long number, byte[] name) throws IOException {
            create(name);
        }
    }

    @Override
    public List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents, IdMapping ids) throws IOException {
        boolean view = kind == SnapshotKind.VIEW;
        long shown = view && !parents.isEmpty() ? parents.getFirst() : directory;
        dirs.require(shown, "");
        String source = dirs.path().resolve(Long.toString(shown)).toString();
        return List.of(new Mount("bind", source, "", List.of(view ? "ro" : "rw", "rbind")));
    }

    @Override
    public SnapshotUsage usage(long directory, List<Long> parents) throws IOException {
        try (Dir tree = dirs.published(directory, "")) {
            return TreeUsage.of(tree);
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
