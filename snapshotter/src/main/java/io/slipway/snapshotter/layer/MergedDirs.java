package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Looks names up in a stack of layers as overlayfs does, without a mount: the nearest layer that has the name
/// decides, a whiteout ends the search, directories merge until one is opaque, symbolic links are not followed.
final class MergedDirs implements AutoCloseable {
    private static final int KEPT_MAX = 32;

    private final Map<PathBytes, List<Level>> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final List<Level> tops;
    private final OverlayForm form;

    /// `tops`: top directories, nearest first; they stay the caller's.
    MergedDirs(List<Dir> tops, OverlayForm form) {
        this.form = form;
        this.tops = new ArrayList<>();
        for (int i = 0; i < tops.size(); i++) {
            this.tops.add(new Level(i, tops.get(i)));
        }
    }

    /// A directory of one layer.
    ///
    /// @param layer index, 0 is nearest
    record Level(int layer, Dir dir) {}

    /// What a name stands for.
    record Found(int layer, Dir parent, PathBytes path, Attributes attributes) {
        byte[] name() {
            return path.base();
        }
    }

    /// What the merged tree has at `path`, looking only at layers from `firstLayer` on (nearer ones still
    /// hide). Valid until the next call.
    Optional<Found> find(PathBytes path, int firstLayer) throws IOException {
        byte[] name = path.base();
        for (Level level : levels(path.parent())) {
            if (level.layer() < firstLayer) {
                continue;
            }
            Optional<Attributes> there = level.dir().find(name);
            if (there.isPresent()) {
                return OverlayForm.isWhiteout(there.get())
                        ? Optional.empty()
                        : Optional.of(new Found(level.layer(), level.dir(), path, there.get()));
            }
        }
        return Optional.empty();
    }

    /// The directories that merge at `path`, nearest first.
    private List<Level> levels(PathBytes path) throws IOException {
        if (path.isRoot()) {
            return tops;
        }
        List<Level> known = kept.get(path);
        if (known != null) {
            return known;
        }
        // Opened before anything is put away: making room may close what the parent's levels hold.
        List<Level> levels = open(levels(path.parent()), path.base());
        kept.put(path, levels);
        if (kept.size() > KEPT_MAX) {
            Iterator<List<Level>> oldest = kept.values().iterator();
            oldest.next().forEach(level -> level.dir().close());
            oldest.remove();
        }
        return levels;
    }

    private List<Level> open(List<Level> above, byte[] name) throws IOException {
        List<Level> levels = new ArrayList<>();
        try {
            for (Level level : above) {
                Optional<Attributes> there = level.dir().find(name);
                if (there.isEmpty()) {
                    continue;
                }
                if (!there.get().isDirectory()) {
                    break;
                }
                levels.add(new Level(level.layer(), level.dir().openChild(name)));
                if (form.isOpaque(level.dir(), name)) {
                    break;
                }
            }
            return levels;
        } catch (IOException e) {
            levels.forEach(level -> level.dir().close());
            throw e;
        }
    }

    @Override
    public void close() {
        kept.values().forEach(levels -> levels.forEach(level -> level.dir().close()));
        kept.clear();
    }
}
