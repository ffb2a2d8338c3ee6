package io.slipway.cas.file;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Which digests are in use (open, arriving, held by an asker), counted. A blob is only removed while nobody
/// holds it, and nobody gets to hold it while it is being removed. Thread-safe.
final class Holds {

    private final ConcurrentHashMap<Digest, Integer> counts = new ConcurrentHashMap<>();

    interface Removal {
        boolean run() throws IOException;
    }

    void take(Digest digest) {
        counts.merge(digest, 1, Integer::sum);
    }

    void drop(Digest digest) {
        counts.computeIfPresent(digest, (_, count) -> count == 1 ? null : count - 1);
    }

    Set<Digest> held() {
        return Set.copyOf(counts.keySet());
    }

    /// Runs the removal if nobody holds the digest, keeping everybody from taking it meanwhile; what it
    /// returned, or false when somebody holds it.
    boolean removeUnlessHeld(Digest digest, Removal removal) throws IOException {
        var outcome = new Outcome();
        counts.compute(digest, (_, count) -> {
            if (count == null) {
                outcome.run(removal);
            }
            return count;
        });
        return outcome.result();
    }

    private static final class Outcome {
        private boolean removed;
        private java.util.Optional<IOException> failure = java.util.Optional.empty();

        void run(Removal removal) {
            try {
                removed = removal.run();
            } catch (IOException e) {
                failure = java.util.Optional.of(e);
            }
        }

        boolean result() throws IOException {
            if (failure.isPresent()) {
                throw failure.get();
            }
            return removed;
        }
    }
}
