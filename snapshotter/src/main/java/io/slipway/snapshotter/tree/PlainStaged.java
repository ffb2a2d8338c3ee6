package io.slipway.snapshotter.tree;

import io.slipway.linux.Dir;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.layer.FlatMerge;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LinkStep;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.layer.PathBytes;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/// A snapshot made aside by a driver whose snapshots are whole trees.
///
/// A layer is applied on its own as for overlayfs, so that all layers of an image are worked on at once and every
/// driver reads a layer the same way; when it is its turn in the chain, the link step settles what it left open and
/// it is laid onto a copy of the tree below.
public final class PlainStaged implements SnapshotDriver.Staged {
    private static final int TOP_MODE = 0755;
    private static final byte[] SELF = {'.'};

    private final SnapshotDirs dirs;
    private final PlainTrees trees;
    private byte[] name;
    private boolean published;

    private PlainStaged(SnapshotDirs dirs, PlainTrees trees) {
        this.dirs = dirs;
        this.trees = trees;
        this.name = dirs.stage();
    }

    /// See [SnapshotDriver#stage].
    public static PlainStaged make(SnapshotDirs dirs, PlainTrees trees, SnapshotKind kind, List<Long> parents)
            throws IOException {
        PlainStaged made = new PlainStaged(dirs, trees);
        try {
            if (parents.isEmpty() || kind == SnapshotKind.COMMITTED) {
                made.empty();
            } else if (kind == SnapshotKind.ACTIVE) {
                trees.copy(parents.getFirst(), made.name);
            } else {
                trees.view(parents.getFirst(), made.name);
            }
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private void empty() throws IOException {
        trees.create(name);
        try (Dir top = tree()) {
            top.chmod(SELF, TOP_MODE);
        }
    }

    private Dir tree() throws IOException {
        return dirs.dir().openChild(name);
    }

    @Override
    public LayerSink sink(LayerQuota quota, NoteBudget budget) throws IOException {
        return dirs.sink(tree(), quota, budget);
    }

    @Override
    public void link(LayerNotes notes, List<Long> parents) throws IOException, InterruptedException {
        if (parents.isEmpty()) {
            try (Dir layer = tree()) {
                var _ = LinkStep.overPlain(layer, List.of(), dirs.form(), dirs.umask())
                        .run(notes);
                LayerStrip.run(layer, dirs.form());
            }
            return;
        }
        byte[] onto = dirs.stageFrom(name);
        try (Dir layer = tree();
                Dir below = dirs.published(parents.getFirst(), "")) {
            Set<PathBytes> implied = LinkStep.overPlain(layer, List.of(below), dirs.form(), dirs.umask())
                    .run(notes);
            trees.copy(parents.getFirst(), onto);
            try (Dir tree = dirs.dir().openChild(onto)) {
                FlatMerge.run(layer, tree, dirs.form(), implied);
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            dirs.discard(onto);
            throw e;
        }
        dirs.discard(name);
        name = onto;
    }

    @Override
    public void publish(long directory) throws IOException {
        dirs.publish(name, directory);
        published = true;
    }

    @Override
    public void close() {
        if (!published) {
            dirs.discard(name);
        }
    }
}
