package io.slipway.snapshotter.meta;

/// Where a snapshot is recorded.
///
/// @param key its key or name; both share one space
record SnapshotAddress(String namespace, String snapshotter, String key) {
    /// Another key beside this one.
    SnapshotAddress sibling(String other) {
        return new SnapshotAddress(namespace, snapshotter, other);
    }
}
