package io.slipway.snapshotter.tar;

/// Bounds on one archive; exceeding one is an [io.slipway.cas.ApiException] RESOURCE_EXHAUSTED naming it.
///
/// @param maxEntries entries, extended headers included
/// @param maxBytes of the sum of all file sizes, holes counted
public record TarLimits(long maxEntries, long maxBytes) {
    /// Longest path: PATH_MAX of `linux/limits.h` without its NUL.
    public static final int PATH_BYTES_MAX = 4095;

    /// Longest name in a directory: NAME_MAX of `linux/limits.h`.
    public static final int COMPONENT_BYTES_MAX = 255;

    /// Longest body of an extended header, long name or sparse map, as in Go.
    public static final int SPECIAL_BYTES_MAX = 1 << 20;
}
