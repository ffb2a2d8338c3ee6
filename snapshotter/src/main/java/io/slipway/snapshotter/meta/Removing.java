package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import java.io.IOException;

/// Takes records away; their directories follow in the background.
final class Removing {
    private final Records records;
    private final Drivers drivers;
    private final SnapshotEvents events;
    private final Collector collector;

    Removing(Records records, Drivers drivers, SnapshotEvents events, Collector collector) {
        this.records = records;
        this.drivers = drivers;
        this.events = events;
        this.collector = collector;
    }

    void remove(SnapshotAddress at) throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        records.write(c -> {
            SnapshotRow row = records.snapshots().find(c, at).orElseThrow(() -> Records.absent(at.key()));
            if (records.snapshots().hasChildren(c, row.id())) {
                throw ApiException.failedPrecondition("cannot remove snapshot with child");
            }
            records.snapshots().delete(c, row);
            return null;
        });
        events.removed(at);
        collector.schedule();
        slot.cleanupSoon();
    }
}
