package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;

/// Bounds the memory of what has to be kept in mind of one layer until it is committed: directories (their times, which
/// are implied) and hard links to names that are not there yet. Their paths may have 4095 bytes each, so a count alone
/// bounds nothing. One thread; closed once nothing of it is kept any more.
public final class NoteBudget implements AutoCloseable {
    /// What an object costs beside its bytes: headers, references, its place in a map.
    private static final int EACH_BYTES = 160;

    /// What is asked for at once, so that layers do not meet at every directory.
    private static final long SLICE_BYTES = 64 << 10;

    private final long max;
    private final Reserve reserve;
    private long taken;
    private long reserved;

    /// Where the memory comes from.
    interface Reserve extends AutoCloseable {
        /// Returns when that much more may be used.
        void more(long bytes);

        /// Nothing is used any more.
        @Override
        void close();
    }

    NoteBudget(long max, Reserve reserve) {
        this.max = max;
        this.reserve = reserve;
    }

    /// One that is shared with nobody.
    static NoteBudget of(long max) {
        return new NoteBudget(max, new Reserve() {
            @Override
            public void more(long bytes) {}

            @Override
            public void close() {}
        });
    }

    /// Takes a note of that many bytes, waiting while other layers have the memory.
    ///
    /// @throws ApiException RESOURCE_EXHAUSTED beyond the bound of one layer, CANCELLED when interrupted
    void take(long bytes) {
        taken += bytes + EACH_BYTES;
        if (taken > max) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer whose directories and hard links take more than " + (max >> 20)
                            + " MiB of memory to keep track of");
        }
        if (taken > reserved) {
            long slice = Math.max(SLICE_BYTES, taken - reserved);
            reserve.more(slice);
            reserved += slice;
        }
    }

    @Override
    public void close() {
        reserve.close();
    }
}
