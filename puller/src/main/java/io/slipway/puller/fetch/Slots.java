package io.slipway.puller.fetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A fixed number of places per key, given out in order of arrival, those who lead before those who help. Thread-safe.
final class Slots {
    private final int perKey;
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by lock; an entry lives while somebody holds or waits for a place.
    private final Map<String, Place> places = new HashMap<>();

    Slots(int perKey) {
        this.perKey = perKey;
    }

    private static final class Place {
        private int taken;
        private final Deque<Waiter> leading = new ArrayDeque<>();
        private final Deque<Waiter> helping = new ArrayDeque<>();
    }

    private static final class Waiter {
        private final Condition turn;
        private boolean granted;

        Waiter(Condition turn) {
            this.turn = turn;
        }
    }

    /// One place, until closed.
    interface Slot extends AutoCloseable {
        @Override
        void close();
    }

    /// Waits for a place.
    ///
    /// @param leads goes before those who don't
    Slot acquire(String key, boolean leads) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Place place = places.computeIfAbsent(key, _ -> new Place());
            if (place.taken < perKey && place.leading.isEmpty() && (leads || place.helping.isEmpty())) {
                place.taken++;
                return slot(key);
            }
            Waiter waiter = new Waiter(lock.newCondition());
            Deque<Waiter> queue = leads ? place.leading : place.helping;
            queue.addLast(waiter);
            try {
                while (!waiter.granted) {
                    waiter.turn.await();
                }
            } catch (InterruptedException e) {
                if (waiter.granted) {
                    release(key);
                } else {
                    queue.remove(waiter);
                    forgetIfUnused(key, place);
                }
                throw e;
            }
            return slot(key);
        } finally {
            lock.unlock();
        }
    }

    private Slot slot(String key) {
        return new Slot() {
            private boolean open = true;

            @Override
            public void close() {
                lock.lock();
                try {
                    if (open) {
                        open = false;
                        release(key);
                    }
                } finally {
                    lock.unlock();
                }
            }
        };
    }

    private void release(String key) {
        Place place = places.get(key);
        if (place == null) {
            throw new IllegalStateException("nobody holds a place at " + key);
        }
        Waiter next = place.leading.isEmpty() ? place.helping.pollFirst() : place.leading.pollFirst();
        if (next == null) {
            place.taken--;
            forgetIfUnused(key, place);
        } else {
            next.granted = true;
            next.turn.signal();
        }
    }

    private void forgetIfUnused(String key, Place place) {
        if (place.taken == 0 && place.leading.isEmpty() && place.helping.isEmpty()) {
            places.remove(key);
        }
    }

    /// Keys somebody uses.
    int keys() {
        lock.lock();
        try {
            return places.size();
        } finally {
            lock.unlock();
        }
    }
}
