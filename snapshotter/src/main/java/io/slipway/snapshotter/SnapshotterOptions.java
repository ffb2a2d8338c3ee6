package io.slipway.snapshotter;

/// How snapshots are made.
///
/// @param defaultSnapshotter taken when a request names none
/// @param sync when a committed snapshot is durable
/// @param maxUnpacks layers worked on at once over all images; 0 means as many as cores
/// @param quota bounds on one layer
/// @param volatileMounts whether overlays are mounted so that nothing in them is ever synced: faster, and after a
/// power cut a container's own files are lost
/// @param slowChown whether clients may copy all files of an image to change their owners where the kernel can't
/// show them so (containerd's key of that name)
/// @param shared whether a layer unpacked in one namespace may serve another (`store.sharing_policy`)
public record SnapshotterOptions(
        String defaultSnapshotter,
        Sync sync,
        int maxUnpacks,
        LayerQuota quota,
        boolean volatileMounts,
        boolean slowChown,
        boolean shared) {
    /// The defaults of `[snapshots]` and `[pull]`.
    public static final SnapshotterOptions DEFAULT =
            new SnapshotterOptions("overlayfs", Sync.BACKGROUND, 0, LayerQuota.DEFAULT, false, false, true);

    public SnapshotterOptions {
        if (defaultSnapshotter.isEmpty() || maxUnpacks < 0) {
            throw new IllegalArgumentException("default snapshotter is named, max_unpacks is 0 or more");
        }
    }

    /// Values of `snapshots.sync`.
    public enum Sync {
        /// After commit, one `syncfs` for all layers that finished together; a power cut before it means the
        /// layer counts as absent.
        BACKGROUND,
        /// Before commit.
        BEFORE_COMMIT
    }
}
