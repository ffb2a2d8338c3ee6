package io.slipway.runtime.task;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/// How a process ended.
///
/// @param pid on the host
/// @param status its exit code, or 128 + the signal that ended it
/// @param at when, by the clock of the shim
record ProcessExit(int pid, int status, Instant at) {
    /// The seconds Go's zero time stands at: "not set" (year 1).
    private static final long ZERO_TIME_SECONDS = -62_135_596_800L;

    static ProcessExit of(int pid, int status, Timestamp at, Instant otherwise) {
        return new ProcessExit(
                pid, status, isSet(at) ? Instant.ofEpochSecond(at.getSeconds(), at.getNanos()) : otherwise);
    }

    static boolean isSet(Timestamp at) {
        return at.getSeconds() > 0 && at.getSeconds() != ZERO_TIME_SECONDS;
    }

    Timestamp timestamp() {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }
}
