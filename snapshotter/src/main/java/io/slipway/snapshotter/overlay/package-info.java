/// Snapshots as directories for overlayfs:
///
///     <root>/snapshotters/overlayfs/snapshots/<number>/fs      the layer (upper directory, later a lower one)
///     <root>/snapshotters/overlayfs/snapshots/<number>/work    overlayfs's own, of active snapshots
///     <root>/snapshotters/overlayfs/snapshots/<number>/boot    in which it was mounted first, where nothing is synced
///     <root>/snapshotters/overlayfs/snapshots/new-<random>/    staged
///     <root>/snapshotters/overlayfs/snapshots/rm-<random>/     being removed
///     <root>/snapshotters/overlayfs/userxattr                  is there when they were made in a user namespace
@NullMarked
package io.slipway.snapshotter.overlay;

import org.jspecify.annotations.NullMarked;
