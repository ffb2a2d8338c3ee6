package io.slipway.snapshotter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/// Counts the steps of all threads and goes off after one of them: what comes later finds no machine any more. Can hold
/// up who takes a step, so that others overtake. Thread-safe.
final class Power implements Consumer<String> {
    /// Nobody handles a power cut.
    static final class Off extends Error {
        private static final long serialVersionUID = 1;

        Off() {
            super("the power is off", null, false, false);
        }
    }

    private final int cutAfter;
    private final LossyDisk disk;
    private final List<String> taken = new ArrayList<>();
    private final Map<String, Hold> holds = new HashMap<>();
    private boolean off;

    private record Hold(CountDownLatch arrived, CountDownLatch released) {}

    /// @param cutAfter number of the step after which it goes off; 0: after the first one
    Power(int cutAfter, LossyDisk disk) {
        this.cutAfter = cutAfter;
        this.disk = disk;
    }

    @Override
    public void accept(String step) {
        Hold hold;
        synchronized (this) {
            if (off) {
                throw new Off();
            }
            disk.hear(step);
            taken.add(step);
            if (taken.size() >= cutAfter) {
                cut();
                throw new Off();
            }
            hold = holds.get(step);
        }
        if (hold != null) {
            hold.arrived().countDown();
            try {
                hold.released().await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                throw new Off();
            }
        }
    }

    /// Now.
    synchronized void cut() {
        off = true;
        holds.values().forEach(hold -> {
            hold.arrived().countDown();
            hold.released().countDown();
        });
    }

    synchronized boolean isOff() {
        return off;
    }

    /// Holds up whoever takes that step from now on.
    synchronized void hold(String step) {
        holds.put(step, new Hold(new CountDownLatch(1), new CountDownLatch(1)));
    }

    /// Waits until somebody is held up there.
    void awaitHeld(String step) throws InterruptedException {
        hold(step, Hold::arrived).await();
    }

    void release(String step) {
        hold(step, Hold::released).countDown();
        synchronized (this) {
            holds.remove(step);
        }
    }

    private synchronized CountDownLatch hold(String step, java.util.function.Function<Hold, CountDownLatch> which) {
        return which.apply(java.util.Objects.requireNonNull(holds.get(step), step));
    }

    synchronized List<String> taken() {
        return List.copyOf(taken);
    }
}
