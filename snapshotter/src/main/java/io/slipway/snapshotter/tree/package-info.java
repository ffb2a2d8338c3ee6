/// Trees of snapshots on disk, as the drivers share them: the directory of numbered snapshots
/// ([io.slipway.snapshotter.tree.SnapshotDirs]), copies of whole trees
/// ([io.slipway.snapshotter.tree.TreeCopy]), what a tree takes ([io.slipway.snapshotter.tree.TreeUsage]), and
/// the way a layer becomes a plain tree ([io.slipway.snapshotter.tree.PlainStaged]). Names are bytes, links are
/// never followed, nothing recurses.
@NullMarked
package io.slipway.snapshotter.tree;

import org.jspecify.annotations.NullMarked;
