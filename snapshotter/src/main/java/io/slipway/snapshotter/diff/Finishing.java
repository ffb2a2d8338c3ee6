package io.slipway.snapshotter.diff;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

/// A task of which one can wait until its thread has left it, which a cancelled future does not tell.
final class Finishing<T> implements Runnable {
    private final FutureTask<T> task;
    private final CountDownLatch left = new CountDownLatch(1);

    Finishing(FutureTask<T> task) {
        this.task = task;
    }

    @Override
    public void run() {
        try {
            task.run();
        } finally {
            left.countDown();
            // The thread is the pool's: a late interrupt must not hit the next task.
            boolean _ = Thread.interrupted();
        }
    }

    /// It will not run any more.
    void drop() {
        task.cancel(false);
        left.countDown();
    }

    /// Waits, also when interrupted again: what it had mounted must be gone first.
    void await() {
        boolean interrupted = false;
        while (true) {
            try {
                left.await();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
