package io.slipway.snapshotter.overlay;

import io.slipway.cas.ApiException;
import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.IdMapping;
import io.slipway.linux.Mount;
import io.slipway.linux.Os;
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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/// The overlayfs driver. Needs root and a file system whose listings say the type of each name.
public final class OverlayDriver implements SnapshotDriver {
    /// The name in the API.
    public static final String NAME = "overlayfs";

    /// A snapshot's layer in its directory.
    static final String LAYER = "/fs";

    private static final String WORK = "/work";

    private static final byte[] SELF = {'.'};

    /// Lower layers of one mount (fs/overlayfs/params.h of the kernel).
    private static final int LAYERS_MAX = 500;

    private final SnapshotDirs dirs;
    private final OverlayProbe able;
    private final boolean slowChown;
    private final String boot;

    private OverlayDriver(SnapshotDirs dirs, OverlayProbe able, boolean slowChown, String boot) {
        this.dirs = dirs;
        this.able = able;
        this.slowChown = slowChown;
        this.boot = boot;
    }

    /// Opens the driver below `<root>/snapshotters/overlayfs`, making what is missing.
    ///
    /// @param volatileMounts see [io.slipway.snapshotter.SnapshotterOptions#volatileMounts]
    /// @param slowChown see [io.slipway.snapshotter.SnapshotterOptions#slowChown]
    /// @throws IOException when overlayfs can't be used there, saying why
    public static OverlayDriver open(Path root, LongSupplier random, boolean volatileMounts, boolean slowChown)
            throws IOException {
        Path snapshots = root.toAbsolutePath()
                .normalize()
                .resolve("snapshotters")
                .resolve(NAME)
                .resolve("snapshots");
        SnapshotDirs dirs = SnapshotDirs.open(snapshots, random, Dir::removeTree);
        try {
            FormMark.require(snapshots, dirs.form());
            OverlayProbe able = OverlayProbe.of(snapshots, dirs.form(), OverlayProbe.PARAMETERS, volatileMounts);
            return new OverlayDriver(dirs, able, slowChown, Os.bootId());
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
        EnumSet<Capability> all = EnumSet.of(Capability.REBASE, Capability.LOWER_DIRECTORIES_STAY);
        if (able.mapsIds()) {
            all.add(Capability.REMAP_IDS);
        }
        if (!slowChown) {
            all.add(Capability.ONLY_REMAP_IDS);
        }
        return all;
    }

    @Override
    public Staged stage(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException {
        if (parents.size() > LAYERS_MAX) {
            throw ApiException.failedPrecondition("snapshotter " + NAME + " can't mount " + parents.size()
                    + " layers, the kernel takes " + LAYERS_MAX + "; use an image of fewer, or another snapshotter");
        }
        if (!ids.isEmpty() && !able.mapsIds() && !isOwned(parents, ids)) {
            throw ApiException.failedPrecondition("snapshotter " + NAME + " can't show files with other owners here:"
                    + " it needs Linux 5.19 and a file system that can; use a copy of the image that belongs to "
                    + ids.rootUser() + ":" + ids.rootGroup() + " as the parent, or another snapshotter");
        }
        OverlayStaged made = new OverlayStaged(dirs);
        try {
            made.make(kind, parents, ids);
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    /// Whether the parent was given to the container's root file by file: clients do that themselves where they see
    /// no [Capability#REMAP_IDS], such as those of a containerd that hands none of our capabilities on. Layers of
    /// images never do: their top directory is root's.
    private boolean isOwned(List<Long> parents, IdMapping ids) throws IOException {
        boolean rootStays = ids.rootUser() == 0 && ids.rootGroup() == 0;
        if (parents.isEmpty() || rootStays) {
            return false;
        }
        try (Dir parent = dirs.published(parents.getFirst(), LAYER)) {
            Attributes top = parent.stat(SELF);
            return top.uid() == ids.rootUser() && top.gid() == ids.rootGroup();
        }
    }

    @Override
    public List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents, IdMapping ids) throws IOException {
        IdMapping shown = ids.isEmpty() || isOwned(parents, ids) ? IdMapping.NONE : ids;
        boolean view = kind == SnapshotKind.VIEW;
        for (long parent : parents) {
            dirs.require(parent, LAYER);
        }
        if (parents.isEmpty() || !view) {
            dirs.require(directory, LAYER);
        }
        if (!view) {
            dirs.require(directory, WORK);
        }
        if (parents.isEmpty()) {
            return List.of(bind(fs(directory), view ? "ro" : "rw", shown));
        }
        if (view && parents.size() == 1) {
            return List.of(bind(fs(parents.getFirst()), "ro", shown));
        }
        if (!view && able.options().contains(OverlayProbe.VOLATILE)) {
            VolatileMark.settle(dirs.dir(), dirs.path(), Long.toString(directory), boot);
        }
        List<String> options = new ArrayList<>(OverlayProbe.idOptions(shown));
        if (!view) {
            options.add("workdir=" + dirs.path().resolve(directory + WORK));
            options.add("upperdir=" + fs(directory));
        }
        options.add(
                "lowerdir=" + String.join(":", parents.stream().map(this::fs).toList()));
        for (String option : able.options()) {
            // A view has no upper layer to sync.
            if (!view || !option.equals(OverlayProbe.VOLATILE)) {
                options.add(option);
            }
        }
        return List.of(new Mount("overlay", "overlay", "", options));
    }

    private static Mount bind(String source, String access, IdMapping shown) {
        List<String> options = new ArrayList<>(OverlayProbe.idOptions(shown));
        options.addAll(List.of(access, "rbind"));
        return new Mount("bind", source, "", options);
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
        dirs.sync();
    }

    @Override
    public void close() {
        dirs.close();
    }
}
