/// Snapshots as plain directories, each a whole copy of its parent: works on every file system, costs the most.
///
///     <root>/snapshotters/native/snapshots/<number>/      the tree (of a view over a parent: empty)
///     <root>/snapshotters/native/snapshots/new-<random>/  staged
///     <root>/snapshotters/native/snapshots/rm-<random>/   being removed
@NullMarked
package io.slipway.snapshotter.copying;

import org.jspecify.annotations.NullMarked;
