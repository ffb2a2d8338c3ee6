package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import java.time.Instant;
import java.util.Map;

/// One record, its labels included.
///
/// @param parent id of the parent, 0 for none
/// @param parentKey its name, empty for none
/// @param lost a power cut may have damaged it
record SnapshotRow(
        long id,
        SnapshotAddress at,
        SnapshotKind kind,
        long parent,
        String parentKey,
        long dir,
        Instant created,
        Instant updated,
        boolean lost,
        Map<String, String> labels) {
    String key() {
        return at.key();
    }

    SnapshotInfo info() {
        return new SnapshotInfo(key(), parentKey, kind, created, updated, labels);
    }
}
