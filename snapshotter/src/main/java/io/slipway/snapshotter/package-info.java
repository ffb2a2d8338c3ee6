/// Snapshots of layers and containers, and the way an image becomes snapshots.
///
/// - [Snapshots]: containerd's snapshot calls (prepare, view, commit, ...), per namespace and snapshotter.
/// - [ImageUnpack]: all layers of an image at once, while their bytes are still arriving.
/// - [SnapshotDriver]: where a snapshot's files are kept; it sees neither compression nor tar.
/// - [SnapshotterService]: opens all of it over one root directory.
///
/// Everything here blocks and is called from virtual threads or platform pools, never from an event loop.
@NullMarked
package io.slipway.snapshotter;

import org.jspecify.annotations.NullMarked;
