package io.slipway.snapshotter;

import java.time.Instant;
import java.util.Map;

/// What is recorded of a snapshot.
///
/// @param name its key (active, view) or name (committed); both share one space per namespace and snapshotter
/// @param parent name of the parent, empty for none
public record SnapshotInfo(
        String name,
        String parent,
        SnapshotKind kind,
        Instant createdAt,
        Instant updatedAt,
        Map<String, String> labels) {
    public SnapshotInfo {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a snapshot has a name");
        }
        labels = Map.copyOf(labels);
    }
}
