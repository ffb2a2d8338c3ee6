package io.slipway.snapshotter.meta;

import io.slipway.api.events.SnapshotCommit;
import io.slipway.api.events.SnapshotPrepare;
import io.slipway.api.events.SnapshotRemove;
import io.slipway.cas.Events;

/// What subscribers hear of snapshots, after the transaction (containerd-semantics 17). Views are not announced.
final class SnapshotEvents {
    private final Events events;

    SnapshotEvents(Events events) {
        this.events = events;
    }

    void prepared(SnapshotAddress at, String parent) {
        SnapshotPrepare event = SnapshotPrepare.newBuilder()
                .setKey(at.key())
                .setParent(parent)
                .setSnapshotter(at.snapshotter())
                .build();
        events.publish(at.namespace(), "/snapshot/prepare", event);
    }

    /// @param key under which it was active
    void committed(SnapshotAddress at, String key) {
        SnapshotCommit event = SnapshotCommit.newBuilder()
                .setKey(key)
                .setName(at.key())
                .setSnapshotter(at.snapshotter())
                .build();
        events.publish(at.namespace(), "/snapshot/commit", event);
    }

    void removed(SnapshotAddress at) {
        SnapshotRemove event = SnapshotRemove.newBuilder()
                .setKey(at.key())
                .setSnapshotter(at.snapshotter())
                .build();
        events.publish(at.namespace(), "/snapshot/remove", event);
    }
}
