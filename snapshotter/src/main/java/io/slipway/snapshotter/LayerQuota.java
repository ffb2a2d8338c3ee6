package io.slipway.snapshotter;

/// Bounds on one layer; what exceeds them is refused with RESOURCE_EXHAUSTED naming the bound.
///
/// @param maxEntries tar entries
/// @param maxDirectories directories, whose times are kept in memory until the end
/// @param maxBytes uncompressed stream, and separately the sum of file sizes with holes counted
/// @param maxRatio uncompressed to compressed bytes, looked at once `ratioGraceBytes` are uncompressed
/// @param ratioGraceBytes uncompressed bytes below which any ratio is fine
public record LayerQuota(long maxEntries, long maxDirectories, long maxBytes, long maxRatio, long ratioGraceBytes) {
    /// Far above any image seen in the wild, far below what would harm the node.
    public static final LayerQuota DEFAULT = new LayerQuota(4_000_000, 400_000, 512L << 30, 200, 1L << 30);

    public LayerQuota {
        if (maxEntries <= 0 || maxDirectories <= 0 || maxBytes <= 0 || maxRatio <= 0 || ratioGraceBytes < 0) {
            throw new IllegalArgumentException("a quota is positive");
        }
    }
}
