package io.slipway.cas;

import java.time.Duration;

/// When collection runs; names and meaning are those of containerd's `io.containerd.gc.v1.scheduler`.
///
/// @param pauseThreshold the share of time that collections may take, 0 to 0.5: after a run the next one that
///     nobody forces waits until the average run is no more than this share of it; 0 means it does not wait
/// @param deletionThreshold after this many deletions a run follows whatever `pauseThreshold` says; 0 means
///     none is forced, the first deletion asks for a run
/// @param mutationThreshold after this many writes without a deletion a run is asked for; 0 means never
/// @param scheduleDelay between what asks for a run and the run
/// @param startupDelay between opening the store and its first run
public record GcOptions(
        double pauseThreshold,
        int deletionThreshold,
        int mutationThreshold,
        Duration scheduleDelay,
        Duration startupDelay) {

    public static final double PAUSE_THRESHOLD_MAX = 0.5;

    /// containerd's, except that the first run (100 ms there) lets start-up have the machine to itself.
    public static final GcOptions DEFAULT = new GcOptions(0.02, 0, 100, Duration.ZERO, Duration.ofSeconds(10));

    public GcOptions {
        if (!(pauseThreshold >= 0 && pauseThreshold <= PAUSE_THRESHOLD_MAX)) {
            throw new IllegalArgumentException("pause threshold " + pauseThreshold + " is not between 0 and 0.5");
        }
        if (deletionThreshold < 0 || mutationThreshold < 0) {
            throw new IllegalArgumentException("a threshold is negative");
        }
        if (scheduleDelay.isNegative() || startupDelay.isNegative()) {
            throw new IllegalArgumentException("a delay is negative");
        }
    }
}
