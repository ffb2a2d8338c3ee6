package io.slipway.snapshotter.meta;

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
    private final SnapshotEvents events;

    Preparing(Records records, Drivers drivers, SnapshotEvents events) {
        this.records = records;
        this.drivers = drivers;
        this.events = events;
    }

    /// @param kind ACTIVE or VIEW
    /// @param parent empty for none
    void make(SnapshotKind kind, SnapshotAddress at, String parent, Map<String, String> labels, Optional<String> lease)
            throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        Labels.checked(labels);
        Records.requireKey(at.key());
        List<Long> parents = records.read(c -> records.parentDirectories(c, at.sibling(parent)));
        Optional<String> taken;
        try (SnapshotDriver.Staged staged = slot.driver().stage(kind, parents)) {
            taken = records.write(c -> {
                records.ensureNamespace(c, at.namespace());
                Optional<String> there = alreadyThere(c, at, labels);
                if (there.isPresent()) {
                    records.attach(c, at.sibling(there.get()), lease);
                    return there;
                }
                long parentId = records.parentId(c, at.sibling(parent));
                long directory = records.directories().make(c, at.snapshotter());
                records.snapshots().insert(c, at, kind, parentId, directory, records.now(), labels);
                records.attach(c, at, lease);
                Records.publish(staged, directory);
                return Optional.empty();
            });
        }
        if (taken.isPresent()) {
            throw Records.alreadyExists(taken.get());
        }
        if (kind == SnapshotKind.ACTIVE) {
            events.prepared(at, parent);
        }
    }

    private Optional<String> alreadyThere(Connection c, SnapshotAddress at, Map<String, String> labels)
            throws SQLException {
        if (records.snapshots().find(c, at).isPresent()) {
            return Optional.of(at.key());
        }
        String target = labels.getOrDefault(Labels.TARGET, "");
        boolean present =
                !target.isEmpty() && records.sound(c, at.sibling(target)).isPresent();
        return present ? Optional.of(target) : Optional.empty();
    }
}
