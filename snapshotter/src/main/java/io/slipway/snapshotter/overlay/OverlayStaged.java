package io.slipway.snapshotter.overlay;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.IdMapping;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LinkStep;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.tree.SnapshotDirs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// One directory made aside.
final class OverlayStaged implements SnapshotDriver.Staged {
    private static final byte[] FS = ascii("fs");
    private static final byte[] WORK = ascii("work");
    private static final byte[] SELF = ascii(".");
    private static final int FS_MODE = 0755;
    private static final int WORK_MODE = 0711;

    private final SnapshotDirs dirs;
    private final byte[] name;
    private boolean published;

    OverlayStaged(SnapshotDirs dirs) {
        this.dirs = dirs;
        this.name = dirs.stage();
    }

    /// What is written above a parent belongs to the host's ids, so the top does, too. Without a parent the whole is
    /// shown with other owners.
    void make(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException {
        dirs.dir().mkdir(name, 0700);
        try (Dir own = dirs.dir().openChild(name)) {
            own.mkdir(FS, FS_MODE);
            own.chmod(FS, FS_MODE);
            if (!parents.isEmpty() && !ids.isEmpty()) {
                own.chown(FS, ids.rootUser(), ids.rootGroup());
            } else if (!parents.isEmpty()) {
                try (Dir parent = dirs.published(parents.getFirst(), OverlayDriver.LAYER)) {
                    Attributes top = parent.stat(SELF);
                    own.chown(FS, top.uid(), top.gid());
                }
            }
            if (kind == SnapshotKind.ACTIVE) {
                own.mkdir(WORK, WORK_MODE);
                own.chmod(WORK, WORK_MODE);
            }
        }
    }

    private Dir layer() throws IOException {
        try (Dir own = dirs.dir().openChild(name)) {
            return own.openChild(FS);
        }
    }

    @Override
    public LayerSink sink(LayerQuota quota, NoteBudget budget) throws IOException {
        return dirs.sink(layer(), quota, budget);
    }

    @Override
    public void link(LayerNotes notes, List<Long> parents) throws IOException {
        List<Dir> lowers = new ArrayList<>();
        try (Dir own = layer()) {
            for (long parent : parents) {
                lowers.add(dirs.published(parent, OverlayDriver.LAYER));
            }
            var _ = LinkStep.overOverlay(own, lowers, dirs.form(), dirs.umask()).run(notes);
        } finally {
            lowers.forEach(Dir::close);
        }
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

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
