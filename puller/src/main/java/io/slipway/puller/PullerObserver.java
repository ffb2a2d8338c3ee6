package io.slipway.puller;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Port for counters: told of things worth counting. Called by any thread, must neither block nor throw.
public interface PullerObserver {
    /// A hosts.toml did not parse and was ignored in favour of the fall-back; a mirror the operator wanted is not used.
    default void hostsFileIgnored(Path file) {}

    /// A pull ended.
    ///
    /// @param failure empty when it succeeded; the name of the failure's code otherwise
    default void pullFinished(Duration took, Optional<String> failure) {}

    /// A request was answered (or not: status 0).
    ///
    /// @param host the contacted host, `host[:port]`
    default void request(String host, int status) {}

    /// Blob bytes came in.
    default void received(String host, long bytes) {}

    /// A range was asked for again after it failed or stalled.
    default void rangeRetried(String host) {}

    /// Counts nothing.
    PullerObserver NONE = new PullerObserver() {};
}
