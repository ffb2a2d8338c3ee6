package io.slipway.puller.http;

import java.time.Duration;

/// Whether a body comes too slowly to be worth its connection: a peer that sends a byte now and then is never silent.
/// One thread: the body's reader.
///
/// Only time in which the reader waited for bytes that we would have taken counts, and of one look no more than looks
/// last when all is well: neither a slow disk nor a process that did not run is the peer's fault.
final class Pace {
    /// Slower than a modem: nothing of an image's size would ever arrive.
    static final long BYTES_PER_SECOND_MIN = 1024;

    private final long windowNanos;
    private final long bytesMin;
    private final long lookNanosMax;
    private long waitedNanos;
    private long bytes;

    /// @param window waiting over which the rate is averaged
    /// @param lookMax what counts of one look at most
    Pace(Duration window, Duration lookMax) {
        this.windowNanos = window.toNanos();
        this.bytesMin = Math.max(1, window.toMillis() * BYTES_PER_SECOND_MIN / 1000);
        this.lookNanosMax = lookMax.toNanos();
    }

    /// Bytes reached the reader.
    void brought(long count) {
        bytes += count;
    }

    /// One look without bytes for the reader.
    ///
    /// @return whether a whole window brought too little
    boolean tooSlow(long lookNanos) {
        waitedNanos += Math.min(lookNanos, lookNanosMax);
        if (waitedNanos < windowNanos) {
            return false;
        }
        boolean slow = bytes < bytesMin;
        waitedNanos = 0;
        bytes = 0;
        return slow;
    }
}
