package io.slipway.snapshotter.layer;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Lets as many layers work at once as there are cores, while any number may wait for bytes: a thread holds a
/// permit while it works and gives it back before it blocks on an arrival.
///
/// Whoever has most left to do goes first, so that the layers of an image end together and no core is idle while
/// another works on the last of them. Thread-safe.
public final class WorkGate {
    /// A layer is not put aside for one that is ahead by less: switching costs something, too.
    private static final long LEAD_BYTES = 4 << 20;

    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by lock, as is the next.
    private final PriorityQueue<Waiter> waiting = new PriorityQueue<>(Comparator.comparingLong(waiter -> -waiter.left));

    private int permits;

    /// What the first of those waiting has left, 0 when nobody waits.
    private volatile long longest;

    private static final class Waiter {
        private final long left;
        private final Condition turn;
        private boolean granted;

        Waiter(long left, Condition turn) {
            this.left = left;
            this.turn = turn;
        }
    }

    /// At most `width` threads work at once.
    public WorkGate(int width) {
        this.permits = width;
    }

    /// Begins to work, waiting for a permit.
    ///
    /// @param left bytes this thread has still to read, as far as it knows
    public void enter(long left) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (permits > 0) {
                permits--;
                return;
            }
            Waiter waiter = new Waiter(left, lock.newCondition());
            waiting.add(waiter);
            longest = waiting.element().left;
            try {
                while (!waiter.granted) {
                    waiter.turn.await();
                }
            } catch (InterruptedException e) {
                if (waiter.granted) {
                    release();
                } else {
                    waiting.remove(waiter);
                    tell();
                }
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    /// As [#enter], for who gave its permit back below a caller that will [#leave]: returns only with a permit, also
    /// when interrupted, which is then still to be noticed. Permits come back soon, since their holders work.
    void enterAgain(long left) {
        boolean interrupted = false;
        while (true) {
            try {
                enter(left);
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Whether somebody who waits has so much more left than a thread with `left` that this one should let it go
    /// first: [#leave], then [#enter].
    boolean shouldYield(long left) {
        return longest - left > LEAD_BYTES;
    }

    /// Stops working.
    public void leave() {
        lock.lock();
        try {
            release();
        } finally {
            lock.unlock();
        }
    }

    private void release() {
        Waiter next = waiting.poll();
        if (next == null) {
            permits++;
        } else {
            next.granted = true;
            next.turn.signal();
            tell();
        }
    }

    private void tell() {
        Waiter first = waiting.peek();
        longest = first == null ? 0 : first.left;
    }
}
