/// Snapshots as subvolumes of btrfs, which share everything that has not changed:
///
///     <root>/snapshotters/btrfs/snapshots/<number>/      a subvolume; of a view or committed one read-only
///     <root>/snapshotters/btrfs/snapshots/new-<random>/  staged
///     <root>/snapshotters/btrfs/snapshots/rm-<random>/   being removed
@NullMarked
package io.slipway.snapshotter.btrfs;

import org.jspecify.annotations.NullMarked;
