package io.slipway.linux;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// One daemon thread that waits for many descriptors (epoll) and hands each readiness to an executor once.
///
/// A watch is one-shot: after its callback nothing more is heard of the descriptor until it is watched again. Callbacks
/// run on the executor given with the watch, never on the poller's thread unless that executor runs them there. Stop
/// watching before closing a descriptor. Thread-safe.
public final class Poller implements AutoCloseable {
    /// @param readable there is something to read (for a [PidFd]: it is dead)
    /// @param hangup the other side is gone, or the descriptor is in error
    public record Readiness(boolean readable, boolean hangup) {}

    private Poller() {}

    /// Starts the thread.
    public static Poller start(String threadName) throws IOException {
        return Pending.body();
    }

    /// Calls back once when `descriptor` is readable or hung up. Watching one that is watched replaces that watch.
    public void watch(Descriptor descriptor, Executor executor, Consumer<Readiness> callback) throws IOException {
        Pending.body();
    }

    /// Ends a watch; its callback may be running already. One that is not watched is fine.
    public void unwatch(Descriptor descriptor) {
        Pending.body();
    }

    /// Ends all watches without calling back, and the thread. Repeatable.
    @Override
    public void close() {
        Pending.body();
    }
}
