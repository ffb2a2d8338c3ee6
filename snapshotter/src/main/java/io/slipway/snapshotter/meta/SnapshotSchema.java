package io.slipway.snapshotter.meta;

import java.util.List;

/// The tables' shape, as steps from one version to the next; steps are only ever appended. The picture is in the
/// package's documentation.
final class SnapshotSchema {
    static final String COMPONENT = "snapshotter";
    static final List<String> STEPS = List.of(
            """
            CREATE TABLE snapshot_dir(
              dir INTEGER PRIMARY KEY AUTOINCREMENT,
              snapshotter TEXT NOT NULL,
              boot TEXT NOT NULL DEFAULT '',
              synced INTEGER NOT NULL DEFAULT 0,
              size INTEGER,
              inodes INTEGER)""",
            """
            CREATE TABLE snapshot(
              id INTEGER PRIMARY KEY AUTOINCREMENT,
              namespace TEXT NOT NULL,
              snapshotter TEXT NOT NULL,
              key TEXT NOT NULL,
              kind INTEGER NOT NULL,
              parent INTEGER REFERENCES snapshot(id),
              dir INTEGER NOT NULL REFERENCES snapshot_dir(dir),
              created INTEGER NOT NULL,
              updated INTEGER NOT NULL,
              UNIQUE(namespace, snapshotter, key))""",
            "CREATE INDEX snapshot_parent ON snapshot(parent)",
            "CREATE INDEX snapshot_by_dir ON snapshot(dir)",
            """
            CREATE TABLE snapshot_label(
              snapshot INTEGER NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE,
              key TEXT NOT NULL,
              value TEXT NOT NULL,
              PRIMARY KEY(snapshot, key)) WITHOUT ROWID""",
            """
            CREATE TABLE snapshot_layer(
              dir INTEGER PRIMARY KEY REFERENCES snapshot_dir(dir) ON DELETE CASCADE,
              media_type TEXT NOT NULL,
              digest TEXT NOT NULL,
              size INTEGER NOT NULL,
              diff_id TEXT NOT NULL)""",
            "CREATE INDEX snapshot_by_key ON snapshot(snapshotter, key)",
            "CREATE INDEX snapshot_by_label ON snapshot_label(key, value)");

    private SnapshotSchema() {}
}
