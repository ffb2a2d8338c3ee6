package io.slipway.cas;

import java.util.function.LongUnaryOperator;

/// How much room pull-through content ([CacheIndex]) may take. What is open, arriving, leased or kept by a
/// namespace's own images is never given up for it.
///
/// @param maxBytes of all of it; 0 means no bound
/// @param minFreeBytes how many bytes are to stay free on a file system of the given capacity
public record CacheLimits(long maxBytes, LongUnaryOperator minFreeBytes) {

    public static final CacheLimits NONE = new CacheLimits(0, _ -> 0);

    public CacheLimits {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("max bytes " + maxBytes + " is negative");
        }
    }
}
