package io.slipway.snapshotter;

/// What a snapshot's own layer takes on disk, its parents not counted.
///
/// @param sizeBytes blocks in use, in bytes
/// @param inodes distinct inodes, its top directory included
public record SnapshotUsage(long sizeBytes, long inodes) {
    public SnapshotUsage {
        if (sizeBytes < 0 || inodes < 0) {
            throw new IllegalArgumentException("usage is never negative: " + sizeBytes + ", " + inodes);
        }
    }
}
