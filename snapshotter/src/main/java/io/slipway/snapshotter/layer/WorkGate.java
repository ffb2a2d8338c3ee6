package io.slipway.snapshotter.layer;

import java.util.concurrent.Semaphore;

/// Lets as many layers work at once as there are cores, while any number may wait for bytes: a thread holds a
/// permit while it works and gives it back before it blocks on an arrival. Thread-safe.
public final class WorkGate {
    private final Semaphore permits;

    /// At most `width` threads work at once.
    public WorkGate(int width) {
        this.permits = new Semaphore(width, true);
    }

    /// Begins to work, waiting for a permit.
    public void enter() throws InterruptedException {
        permits.acquire();
    }

    /// Stops working.
    public void leave() {
        permits.release();
    }
}
