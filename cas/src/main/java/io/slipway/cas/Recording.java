package io.slipway.cas;

import java.time.Duration;

/// When bytes of an unfinished arrival are synced to disk, and recorded as such: what a power cut makes the next
/// fetch bring again at most.
///
/// @param syncBytes after this many new ones
/// @param syncEvery after this much time, when there are new ones
public record Recording(long syncBytes, Duration syncEvery) {

    public static final Recording DEFAULT = new Recording(64 << 20, Duration.ofSeconds(5));

    public Recording {
        if (syncBytes <= 0 || syncEvery.isNegative()) {
            throw new IllegalArgumentException("bytes are synced after a positive number of them");
        }
    }
}
