package io.slipway.snapshotter.meta;

import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The snapshots' part in collection: parents are kept alive by children; labels root and refer as containerd's
/// do.
public final class SnapshotGc implements GcRoots {
    private static final String TYPE_PREFIX = GcNode.snapshotType("");

    private final SnapshotStore store;
    private final Clock clock;

    public SnapshotGc(SnapshotStore store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    @Override
    public boolean owns(String type) {
        return type.startsWith(TYPE_PREFIX);
    }

    @Override
    public void roots(Connection c, Consumer<GcNode> root) throws SQLException {
        store.tables().all(c, row -> {
            if (GcLabels.isRoot(row.labels(), clock.instant())) {
                root.accept(node(row));
            }
        });
    }

    @Override
    public void references(Connection c, GcNode node, boolean labels, Consumer<GcNode> reference) throws SQLException {
        Optional<SnapshotRow> found = store.tables().find(c, node.namespace(), snapshotter(node), node.key());
        if (found.isEmpty()) {
            return;
        }
        SnapshotRow row = found.get();
        if (!row.parentKey().isEmpty()) {
            reference.accept(GcNode.snapshot(row.namespace(), row.snapshotter(), row.parentKey()));
        }
        if (labels) {
            GcLabels.references(row.namespace(), row.labels(), reference);
        }
    }

    /// Youngest first, so that children come before their parents.
    @Override
    public void candidates(Connection c, Consumer<GcNode> candidate) throws SQLException {
        store.tables().all(c, row -> candidate.accept(node(row)));
    }

    @Override
    public boolean remove(Connection c, GcNode node) throws SQLException {
        Optional<SnapshotRow> row = store.tables().find(c, node.namespace(), snapshotter(node), node.key());
        if (row.isEmpty() || store.tables().hasChildren(c, row.get().id())) {
            return false;
        }
        store.tables().delete(c, row.get());
        return true;
    }

    @Override
    public void removed(List<GcNode> nodes) {
        for (GcNode node : nodes) {
            store.removed(node.namespace(), snapshotter(node), node.key());
        }
        for (String snapshotter : store.snapshotters()) {
            store.slot(snapshotter).cleanupSoon();
        }
    }

    @Override
    public List<String> holds(Connection c, String namespace) throws SQLException {
        Set<String> held = new LinkedHashSet<>();
        store.tables().all(c, row -> {
            if (row.namespace().equals(namespace)) {
                held.add("snapshots on \"" + row.snapshotter() + "\" snapshotter");
            }
        });
        return new ArrayList<>(held);
    }

    private static GcNode node(SnapshotRow row) {
        return GcNode.snapshot(row.namespace(), row.snapshotter(), row.key());
    }

    private static String snapshotter(GcNode node) {
        return node.type().substring(TYPE_PREFIX.length());
    }
}
