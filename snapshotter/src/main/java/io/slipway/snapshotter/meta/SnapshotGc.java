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
/// do. What a containerd keeps here under keys of its own is a root ([ProxyKey]).
public final class SnapshotGc implements GcRoots {
    private static final String TYPE_PREFIX = GcNode.snapshotType("");

    private final Records records;
    private final Drivers drivers;
    private final SnapshotEvents events;
    private final Clock clock;

    SnapshotGc(Records records, Drivers drivers, SnapshotEvents events, Clock clock) {
        this.records = records;
        this.drivers = drivers;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public boolean owns(String type) {
        return type.startsWith(TYPE_PREFIX);
    }

    @Override
    public void roots(Connection c, Consumer<GcNode> root) throws SQLException {
        records.snapshots().all(c, row -> {
            if (GcLabels.isRoot(row.labels(), clock.instant())
                    || ProxyKey.of(row.at()).isPresent()) {
                root.accept(node(row.at()));
            }
        });
    }

    @Override
    public void references(Connection c, GcNode node, boolean labels, Consumer<GcNode> reference) throws SQLException {
        Optional<SnapshotRow> found = records.snapshots().find(c, address(node));
        if (found.isEmpty()) {
            return;
        }
        SnapshotRow row = found.get();
        if (!row.parentKey().isEmpty()) {
            reference.accept(node(row.at().sibling(row.parentKey())));
        }
        if (labels) {
            GcLabels.references(row.at().namespace(), row.labels(), reference);
        }
    }

    /// Youngest first, so that children come before their parents.
    @Override
    public void candidates(Connection c, Consumer<GcNode> candidate) throws SQLException {
        records.snapshots().all(c, row -> candidate.accept(node(row.at())));
    }

    @Override
    public boolean remove(Connection c, GcNode node) throws SQLException {
        Optional<SnapshotRow> row = records.snapshots().find(c, address(node));
        if (row.isEmpty() || records.snapshots().hasChildren(c, row.get().id())) {
            return false;
        }
        records.snapshots().delete(c, row.get());
        return true;
    }

    @Override
    public void removed(List<GcNode> nodes) {
        for (GcNode node : nodes) {
            events.removed(address(node));
        }
        drivers.all().forEach(DriverSlot::cleanupSoon);
    }

    /// A directory that several namespaces have counts once.
    @Override
    public void space(Connection c, Consumer<Space> space) throws SQLException {
        records.directories().space(c, space);
    }

    @Override
    public List<String> holds(Connection c, String namespace) throws SQLException {
        Set<String> held = new LinkedHashSet<>();
        records.snapshots().all(c, row -> {
            if (row.at().namespace().equals(namespace)) {
                held.add("snapshots on \"" + row.at().snapshotter() + "\" snapshotter");
            }
        });
        return new ArrayList<>(held);
    }

    private static GcNode node(SnapshotAddress at) {
        return GcNode.snapshot(at.namespace(), at.snapshotter(), at.key());
    }

    private static SnapshotAddress address(GcNode node) {
        return new SnapshotAddress(node.namespace(), node.type().substring(TYPE_PREFIX.length()), node.key());
    }
}
