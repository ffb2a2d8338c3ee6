package io.slipway.snapshotter.meta;

import io.slipway.linux.IdMapping;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes active snapshots and views: the directory aside, then its record and its number in one transaction.
final class Preparing {
    private final Records records;
    private final Drivers drivers;
    private final Targets targets;
    private final Durability durability;
    private final SnapshotEvents events;

    Preparing(Records records, Drivers drivers, Targets targets, Durability durability, SnapshotEvents events) {
        this.records = records;
        this.drivers = drivers;
        this.targets = targets;
        this.durability = durability;
        this.events = events;
    }

    /// @param kind ACTIVE or VIEW
    /// @param parent empty for none
    void make(SnapshotKind kind, SnapshotAddress at, String parent, Map<String, String> labels, Optional<String> lease)
            throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        Labels.checked(labels);
        Records.requireKey(at.key());
        IdMapping ids = Labels.ids(labels);
        if (labels.containsKey(Labels.TARGET)) {
            // Before a directory is made, which may be a copy of the whole parent.
            refuseTaken(records.write(c -> taken(c, at, parent, labels, lease)));
        }
        List<Long> parents = records.read(c -> records.parentDirectories(c, at.sibling(parent)));
        try (SnapshotDriver.Staged staged = slot.driver().stage(kind, parents, ids)) {
            boolean copied = kind == SnapshotKind.ACTIVE
                    && !parents.isEmpty()
                    && slot.driver().capabilities().contains(Capability.COPIES);
            if (copied) {
                durability.beforeCommit(slot);
            }
            refuseTaken(slot.publishing(c -> {
                Optional<String> taken = taken(c, at, parent, labels, lease);
                if (taken.isPresent()) {
                    return taken;
                }
                long parentId = records.parentId(c, at.sibling(parent));
                long directory = records.directories().make(c, at.snapshotter());
                if (copied) {
                    durability.finished(c, directory);
                }
                records.snapshots().insert(c, at, kind, parentId, directory, records.now(), labels);
                records.attach(c, at, lease);
                Records.publish(staged, directory);
                return Optional.empty();
            }));
            if (copied) {
                durability.afterCommit(slot);
            }
        }
        if (kind == SnapshotKind.ACTIVE) {
            events.prepared(at, parent);
        }
    }

    private static void refuseTaken(Optional<String> taken) {
        if (taken.isPresent()) {
            throw Records.alreadyExists(taken.get());
        }
    }

    /// What is there already: the key itself, or the snapshot that is the aim of it all. It joins the lease.
    private Optional<String> taken(
            Connection c, SnapshotAddress at, String parent, Map<String, String> labels, Optional<String> lease)
            throws SQLException {
        records.ensureNamespace(c, at.namespace());
        Optional<String> taken = records.snapshots().find(c, at).map(SnapshotRow::key);
        if (taken.isEmpty()) {
            taken = targets.find(c, at, parent, labels);
        }
        if (taken.isPresent()) {
            records.attach(c, at.sibling(taken.get()), lease);
        }
        return taken;
    }
}
