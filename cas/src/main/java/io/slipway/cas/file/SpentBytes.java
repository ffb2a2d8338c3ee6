package io.slipway.cas.file;

import org.jspecify.annotations.Nullable;

/// What of an arrival nobody reads again, because its one reader is through with it: it leaves the page cache,
/// which has better uses, not least for the bytes that come next. With a second reader everything stays.
/// Thread-safe.
final class SpentBytes {

    /// One step. What is not on disk yet when its turn comes gets a second one with the next step.
    private static final long STEP_BYTES = 8 << 20;

    private final Forgetting forgetting;
    private @Nullable Object reader;
    private boolean shared;
    private long spent;

    /// Lets go of a range.
    interface Forgetting {
        void forget(long from, long to);
    }

    SpentBytes(Forgetting forgetting) {
        this.forgetting = forgetting;
    }

    /// Somebody reads.
    synchronized void readBy(Object who) {
        if (reader == null) {
            reader = who;
        }
        shared |= !who.equals(reader);
    }

    /// That reader needs nothing before `position` any more, nor does the hash.
    void spent(Object who, long position) {
        long from;
        synchronized (this) {
            if (shared || !who.equals(reader) || position - spent < STEP_BYTES) {
                return;
            }
            from = Math.max(spent - STEP_BYTES, 0);
            spent = position;
        }
        forgetting.forget(from, position);
    }
}
