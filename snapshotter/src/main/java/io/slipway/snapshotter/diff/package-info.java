/// Layers out of snapshots and onto mounts: containerd's Diff service.
///
/// [TreeDiff] walks two trees and hands what differs to a [LayerWriter], which says it in tar; a [Compressor]
/// packs that, and the result goes into the content store. [LayerMaker] does all of it for two lists of mounts,
/// [LayerPlacer] the other way round: it applies a stored layer onto mounts.
///
/// Everything here blocks and holds its thread; [DiffService] runs it on threads of its own.
@NullMarked
package io.slipway.snapshotter.diff;

import org.jspecify.annotations.NullMarked;
