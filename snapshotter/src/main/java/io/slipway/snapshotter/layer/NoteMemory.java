package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The memory in which all layers that are unpacked at the same time keep their notes ([NoteBudget]), so that an image
/// of very many layers, each within its own bound, can't end the daemon.
///
/// Layers share [#SHARED_BYTES_MAX]; who needs more than is left waits. The *eldest*, the one opened first, never
/// waits: it may use up to its own bound whatever the others have. Since a layer's commit waits for none but layers
/// opened before it, the eldest always comes to its end, and then the next is the eldest. Nearly all layers need less
/// than a hundredth of what is shared, so nobody waits unless somebody has brought layers made to fill it.
/// Thread-safe.
public final class NoteMemory {
    /// Room for about 70,000 directories with paths of 60 bytes; the largest layers seen have a tenth of that.
    public static final long LAYER_BYTES_MAX = 16L << 20;

    /// What all but the eldest may use together. With the eldest's own this is a third of the daemon's heap.
    static final long SHARED_BYTES_MAX = 16L << 20;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /// Guarded by lock, in the order of opening.
    private final SequencedSet<Share> shares = new LinkedHashSet<>();

    /// A place in the order, for a layer that works under `gate` and gives its permit back while it waits.
    public NoteBudget open(WorkGate gate) {
        Share share = new Share(gate);
        lock.lock();
        try {
            shares.add(share);
        } finally {
            lock.unlock();
        }
        return new NoteBudget(LAYER_BYTES_MAX, share);
    }

    private final class Share implements NoteBudget.Reserve {
        private final WorkGate gate;
        /// Guarded by lock.
        private long bytes;

        Share(WorkGate gate) {
            this.gate = gate;
        }

        @Override
        public void more(long wanted) {
            if (granted(wanted)) {
                return;
            }
            gate.leave();
            try {
                await(wanted);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ApiException(ApiException.Code.CANCELLED, "unpacking was cancelled", e);
            } finally {
                gate.enterAgain(Long.MAX_VALUE);
            }
        }

        private boolean granted(long wanted) {
            lock.lock();
            try {
                return grant(wanted);
            } finally {
                lock.unlock();
            }
        }

        private void await(long wanted) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (!grant(wanted)) {
                    changed.await();
                }
            } finally {
                lock.unlock();
            }
        }

        /// Holds the lock.
        private boolean grant(long wanted) {
            boolean eldest = shares.getFirst() == this;
            if (!eldest && shared() + wanted > SHARED_BYTES_MAX) {
                return false;
            }
            bytes += wanted;
            return true;
        }

        /// What all but the eldest use.
        private long shared() {
            long sum = 0;
            for (Share share : shares) {
                sum += share.bytes;
            }
            return sum - shares.getFirst().bytes;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (shares.remove(this)) {
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
