package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.file.Rehash;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Blobs that a reader has found to be bad: their bytes don't come, or can't be what they should be. They are read
/// again, one after the other, and go to quarantine when that is so; a reader's word alone is not enough for it.
final class Doubted {

    /// Beyond this the scrub has to find them.
    private static final int WAITING_MAX = 64;

    private static final Logger log = LoggerFactory.getLogger(Doubted.class);

    private final StoredBlobs blobs;
    private final Losing losing;

    // Guarded by this.
    private final Set<Digest> waiting = new LinkedHashSet<>();
    private @Nullable Thread running;
    private boolean closed;

    Doubted(StoredBlobs blobs, Losing losing) {
        this.blobs = blobs;
        this.losing = losing;
    }

    synchronized void add(Digest digest) {
        if (closed || waiting.size() >= WAITING_MAX || !waiting.add(digest) || running != null) {
            return;
        }
        running = Thread.ofVirtual().name("doubted").start(this::run);
    }

    private void run() {
        for (var next = next(); next != null; next = next()) {
            try {
                look(next);
            } catch (InterruptedException closing) {
                return;
            } catch (IOException | RuntimeException e) {
                log.atWarn()
                        .addKeyValue("digest", next)
                        .addKeyValue("error", e.getMessage())
                        .log("A blob that a reader doubts could not be read again.");
            }
            synchronized (this) {
                waiting.remove(next);
            }
        }
    }

    private synchronized @Nullable Digest next() {
        if (waiting.isEmpty() || closed) {
            running = null;
            return null;
        }
        return waiting.iterator().next();
    }

    private void look(Digest digest) throws IOException, InterruptedException {
        switch (blobs.rehash(digest, Rehash.Pace.NONE)) {
            case Rehash.Result.Good _ -> {
                // The reader was wrong, or the disk has thought better of it.
            }
            case Rehash.Result.Gone _ -> {
                // Somebody else has found it.
            }
            case Rehash.Result.Corrupt bad -> losing.quarantine(digest, bad.file());
            case Rehash.Result.Unreadable bad -> losing.quarantine(digest, bad.file());
        }
    }

    void close() {
        Thread last;
        synchronized (this) {
            closed = true;
            last = running;
        }
        if (last == null) {
            return;
        }
        last.interrupt();
        try {
            last.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
