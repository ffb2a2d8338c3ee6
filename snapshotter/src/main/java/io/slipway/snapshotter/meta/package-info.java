/// Snapshots as records in the node's database, and the calls of the Snapshots service over them.
///
///     snapshot_dir(dir, snapshotter, boot, synced, size, inodes)   one directory of a driver
///         boot, synced: boot id when its files were finished (at commit; at prepare where that copies the
///         parent), and 1 once a syncfs of that boot covered it, 2 when one failed: it never counts as covered then
///         size, inodes: usage of a committed one, null until somebody asked
///     snapshot(id, namespace, snapshotter, key, kind, parent, dir, created, updated)
///         kind: 1 view, 2 active, 3 committed; parent: id or null; times: nanoseconds since 1970
///     snapshot_label(snapshot, key, value)
///
/// A committed snapshot whose directory belongs to another boot and was not synced may have lost data in a
/// power cut: it counts as absent until it is unpacked again, into a new directory under the same record, so
/// that its children need no change. An active copy of its parent is refused then, as the copy may be damaged. Schema
/// steps are only ever appended ([SnapshotSchema]).
///
/// [SnapshotStore] puts the parts together: [Records] looks records up, one class each makes a change of state
/// ([Preparing], [Committing], [LayerCommits], [Removing]) or answers ([Mounting], [Inspecting]).
@NullMarked
package io.slipway.snapshotter.meta;

import org.jspecify.annotations.NullMarked;
