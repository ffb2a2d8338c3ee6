package io.slipway.snapshotter.overlay;

import io.slipway.linux.Dir;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.MountedSnapshot;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.tree.SnapshotDirs;
import io.slipway.snapshotter.tree.TreeUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/// The overlayfs driver. Needs root and a file system whose listings say the type of each name.
public final class OverlayDriver implements SnapshotDriver {
    /// The name in the API.
    public static final String NAME = "overlayfs";

    /// A snapshot's layer in its directory.
    static final String LAYER = "/fs";

    private static final String VOLATILE = "volatile";

    private final SnapshotDirs dirs;
    private final List<String> always;

    private OverlayDriver(SnapshotDirs dirs, List<String> always) {
        this.dirs = dirs;
        this.always = always;
    }

    /// Opens the driver below `<root>/snapshotters/overlayfs`, making what is missing.
    ///
    /// @param volatileMounts see [io.slipway.snapshotter.SnapshotterOptions#volatileMounts]
    /// @throws IOException when overlayfs can't be used there, saying why
    public static OverlayDriver open(Path root, LongSupplier random, boolean volatileMounts) throws IOException {
        Path snapshots = root.toAbsolutePath()
                .normalize()
                .resolve("snapshotters")
                .resolve(NAME)
                .resolve("snapshots");
        SnapshotDirs dirs = SnapshotDirs.open(snapshots, random, Dir::removeTree);
        try {
            return new OverlayDriver(
                    dirs, OverlayProbe.of(snapshots, volatileMounts).options());
        } catch (IOException e) {
            dirs.close();
            throw e;
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
        OverlayStaged made = new OverlayStaged(dirs);
        try {
            made.make(kind, parents);
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
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
            options.add("workdir=" + dirs.path().resolve(directory + "/work"));
            options.add("upperdir=" + fs(directory));
        }
        options.add(
                "lowerdir=" + String.join(":", parents.stream().map(this::fs).toList()));
        for (String option : always) {
            // A view has no upper layer to sync.
            if (!view || !option.equals(VOLATILE)) {
                options.add(option);
            }
        }
        return List.of(new Mount("overlay", "overlay", "", options));
    }

    private static Mount bind(String source, String access) {
        return new Mount("bind", source, "", List.of(access, "rbind"));
    }

    private String fs(long directory) {
        return dirs.path().resolve(directory + "/fs").toString();
    }

    @Override
    public SnapshotUsage usage(long directory, List<Long> parents) throws IOException {
        try (Dir layer = dirs.published(directory, LAYER)) {
            return TreeUsage.of(layer);
        }
    }

    @Override
    public Set<Long> directories() throws IOException {
        return dirs.numbers();
    }

    @Override
    public List<MountedSnapshot> mounted() throws IOException {
        return dirs.mounted(LAYER);
    }

    @Override
    public Removal cleanup(Set<Long> live) throws IOException {
        return dirs.cleanup(live);
    }

    @Override
    public void sync() throws IOException {
        dirs.dir().syncFileSystem();
    }

    @Override
    public void close() {
        dirs.close();
    }
}
