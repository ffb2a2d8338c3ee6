package io.slipway.mirror;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Memory for body bytes between a read and the moment the transport has passed them on, over all answers.
///
/// Transports hide how much they queue: HTTP/2 in particular accepts writes that flow control then holds back. So
/// nothing is trusted but the completion of each write: bytes are claimed here before they are read and given back
/// when their write has completed. Every answer always has a small reserve of its own; beyond it answers share a
/// pool, so that what a slow reader holds makes others smaller-stepped but never still. The total is bounded by the
/// pool plus one reserve for each of the requests that may be answered at once.
final class InflightBudget {

    private final MirrorLimits limits;
    private final AtomicLong shared = new AtomicLong();
    private final AtomicLong used = new AtomicLong();

    InflightBudget(MirrorLimits limits) {
        this.limits = limits;
        shared.set(limits.sharedBytes());
    }

    /// Bytes claimed now.
    long used() {
        return used.get();
    }

    /// The account of one answer.
    Stream open() {
        return new Stream();
    }

    /// Bytes that may be read and written now.
    ///
    /// @param shared whether they come from the pool; otherwise they are the answer's reserve
    record Grant(int bytes, boolean shared) {}

    private boolean takeShared(int bytes) {
        long left = shared.get();
        while (left >= bytes) {
            if (shared.compareAndSet(left, left - bytes)) {
                return true;
            }
            left = shared.get();
        }
        return false;
    }

    /// One answer's claims. `claim` is called by the one thread that tells the answer's story, `release` and
    /// `abandon` by any thread.
    final class Stream {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private int inflight; // guarded by lock
        private boolean reserveTaken; // guarded by lock
        private boolean abandoned; // guarded by lock

        private Stream() {}

        /// Waits until at least one byte may be in flight; at most `want` bytes. A grant of 0 bytes means
        /// abandoned.
        Grant claim(long want) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (!abandoned) {
                    int chunk = (int) Math.min(want, limits.chunkBytes());
                    if (inflight + chunk <= limits.streamInflightBytes() && takeShared(chunk)) {
                        return granted(chunk, true);
                    }
                    int least = (int) Math.min(want, limits.reservedBytes());
                    if (!reserveTaken && inflight == 0) {
                        reserveTaken = true;
                        return granted(least, false);
                    }
                    changed.await();
                }
                return new Grant(0, false);
            } finally {
                lock.unlock();
            }
        }

        private Grant granted(int bytes, boolean fromPool) {
            inflight += bytes;
            used.addAndGet(bytes);
            return new Grant(bytes, fromPool);
        }

        /// Gives a grant back, whole.
        void release(Grant grant) {
            lock.lock();
            try {
                inflight -= grant.bytes();
                if (!grant.shared()) {
                    reserveTaken = false;
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            used.addAndGet(-grant.bytes());
            if (grant.shared()) {
                shared.addAndGet(grant.bytes());
            }
        }

        /// Waits until nothing is in flight any more, or the answer is abandoned.
        void awaitEmpty() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (inflight > 0 && !abandoned) {
                    changed.await();
                }
            } finally {
                lock.unlock();
            }
        }

        /// The client is gone: claims end, what is in flight comes back as its writes fail.
        void abandon() {
            lock.lock();
            try {
                abandoned = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
