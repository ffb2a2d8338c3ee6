package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;

/// Bounds the memory of what has to be kept in mind until a layer ends: directories (their times, which are implied)
/// and hard links to names that are not there yet. Their paths may have 4095 bytes each, so a count alone bounds
/// nothing. One thread.
final class NoteBudget {
    /// Room for about 100,000 directories with paths of 60 bytes; the largest layers seen have a tenth of that.
    static final long BYTES_MAX = 16L << 20;

    /// What an object costs beside its bytes: headers, references, its place in a map.
    private static final int EACH_BYTES = 100;

    private long left = BYTES_MAX;

    /// Takes a note of that many bytes.
    ///
    /// @throws ApiException RESOURCE_EXHAUSTED
    void take(long bytes) {
        left -= bytes + EACH_BYTES;
        if (left < 0) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer whose directories and hard links take more than " + (BYTES_MAX >> 20)
                            + " MiB of memory to keep track of");
        }
    }
}
