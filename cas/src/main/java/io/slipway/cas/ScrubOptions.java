package io.slipway.cas;

import java.time.Duration;

/// How stored blobs are read again in the background, to find what the disk has spoiled.
///
/// @param bytesPerSecond at most; 0 means never
/// @param interval between the end of one pass over the store and the beginning of the next
/// @param observer told what is read and found
public record ScrubOptions(long bytesPerSecond, Duration interval, ScrubObserver observer) {

    public static final ScrubOptions OFF = new ScrubOptions(0, Duration.ofDays(7), ScrubObserver.NONE);

    public ScrubOptions {
        if (bytesPerSecond < 0 || interval.isNegative()) {
            throw new IllegalArgumentException("rate or interval of the scrub is negative");
        }
    }
}
