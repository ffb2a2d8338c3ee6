package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Turns active snapshots into committed ones.
final class Committing {
    private final Records records;
    private final Drivers drivers;
    private final Durability durability;
    private final SnapshotEvents events;

    Committing(Records records, Drivers drivers, Durability durability, SnapshotEvents events) {
        this.records = records;
        this.drivers = drivers;
        this.durability = durability;
        this.events = events;
    }

    /// @param at the active snapshot
    /// @param name of the committed one
    /// @param parent not empty: what a parentless one stands on from now on
    void commit(SnapshotAddress at, String name, Map<String, String> labels, String parent, Optional<String> lease)
            throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        Labels.checked(labels);
        Records.requireKey(name);
        if (!parent.isEmpty() && !slot.driver().capabilities().contains(Capability.REBASE)) {
            throw ApiException.unimplemented("snapshotter " + at.snapshotter() + " can't change the parent at commit");
        }
        List<SnapshotRow> chain = records.read(c -> records.snapshots().chain(c, active(c, at, parent)));
        long directory = chain.getFirst().dir();
        List<Long> below = Records.directoriesBelow(chain);
        refuseMapped(slot, chain.getFirst(), below);
        SnapshotUsage usage = slot.driver().usage(directory, below);
        durability.beforeCommit(slot);
        boolean replaces = records.write(c -> {
            SnapshotRow row = active(c, at, parent);
            Optional<SnapshotRow> there = records.snapshots().find(c, at.sibling(name));
            if (there.isPresent() && !there.get().lost()) {
                throw Records.alreadyExists(name);
            }
            long parentId = parent.isEmpty() ? row.parent() : records.parentId(c, at.sibling(parent));
            records.directories().usage(c, row.dir(), usage);
            durability.finished(c, row.dir());
            if (there.isPresent()) {
                records.snapshots().moveInto(c, there.get(), row, parentId, records.now(), labels);
            } else {
                records.snapshots().commit(c, row.id(), name, parentId, records.now(), labels);
            }
            records.attach(c, at.sibling(name), lease);
            return there.isPresent();
        });
        slot.driver().seal(directory);
        events.committed(at.sibling(name), at.key());
        durability.afterCommit(slot);
        if (replaces) {
            slot.cleanupSoon();
        }
    }

    /// What was written there belongs to the host's ids and what is below to the container's: no mapping shows both.
    private static void refuseMapped(DriverSlot slot, SnapshotRow row, List<Long> below) throws IOException {
        boolean mapped = Mounts.mapIds(slot.driver().mounts(row.kind(), row.dir(), below, Labels.ids(row.labels())));
        if (mapped && !below.isEmpty()) {
            throw ApiException.failedPrecondition(
                    "snapshot \"" + row.key() + "\" is mounted with other owners and can't"
                            + " become a layer as it is; make a layer of its changes (Diff, slipway commit)");
        }
    }

    private SnapshotRow active(Connection c, SnapshotAddress at, String parent) throws SQLException {
        SnapshotRow row = records.require(c, at);
        if (row.kind() != SnapshotKind.ACTIVE) {
            throw ApiException.failedPrecondition("snapshot \"" + at.key() + "\" is not active");
        }
        records.refuseTorn(c, row);
        if (!parent.isEmpty() && row.parent() != 0 && !row.parentKey().equals(parent)) {
            throw ApiException.failedPrecondition("snapshot \"" + at.key() + "\" has the parent \"" + row.parentKey()
                    + "\" and can't get another one");
        }
        return row;
    }
}
