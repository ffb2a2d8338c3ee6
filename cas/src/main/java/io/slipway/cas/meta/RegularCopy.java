package io.slipway.cas.meta;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a good copy of the database: some time after the start, then as long as there are changes, and at an orderly
/// stop. As every page is read for it and the result is checked, it is also what finds damage that no use of the
/// database has come upon; after a crash it therefore runs even when nothing has changed.
public final class RegularCopy {

    /// Between a look whether something has changed and the next.
    static final Duration EVERY = Duration.ofMinutes(10);

    /// The first look, when the start is long through.
    static final Duration FIRST_AFTER = Duration.ofSeconds(30);

    /// Copies take at most one part in so many of the time.
    private static final int REST = 100;

    /// A larger database is not copied while the daemon stops: stopping is bounded.
    private static final long STOP_BYTES_MAX = 128L << 20;

    private static final Logger log = LoggerFactory.getLogger(RegularCopy.class);

    private final SqliteMetadata metadata;

    // Guarded by this.
    private @Nullable Thread running;
    private boolean closed;

    // Of whoever copies; one at a time.
    private long copied;
    private boolean checked;
    private Duration took = Duration.ZERO;
    private Optional<Instant> ended = Optional.empty();

    public RegularCopy(SqliteMetadata metadata) {
        this.metadata = metadata;
    }

    /// Begins to look.
    public void start(ScheduledExecutorService timer) {
        var _ = timer.scheduleWithFixedDelay(
                this::lookAside, FIRST_AFTER.toSeconds(), EVERY.toSeconds(), TimeUnit.SECONDS);
    }

    /// On a thread of its own, as SQLite holds it meanwhile.
    private synchronized void lookAside() {
        if (!closed && (running == null || !running.isAlive())) {
            running = Thread.ofPlatform().daemon().name("metadata-copy").start(this::lookLogged);
        }
    }

    private void lookLogged() {
        boolean rested =
                ended.isEmpty() || Duration.between(ended.get(), Instant.now()).compareTo(took.multipliedBy(REST)) >= 0;
        if (rested) {
            copyLogged();
        }
    }

    private void copyLogged() {
        try {
            copy();
        } catch (IOException | RuntimeException e) {
            log.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("The metadata could not be copied; the last copy stays, the next try is in some minutes.");
        }
    }

    /// Copies when there is something new, or nothing has looked at all pages since a crash; false when not.
    boolean copy() throws IOException {
        if (metadata.damage().isPresent()) {
            return false;
        }
        long changes = metadata.changes();
        if (!metadata.isUsable()) {
            return false;
        }
        boolean due = changes > copied || !Files.exists(metadata.files().copy()) || (metadata.unclosed() && !checked);
        if (!due) {
            return false;
        }
        long began = System.nanoTime();
        try {
            metadata.copy();
            copied = changes;
            checked = true;
        } finally {
            took = Duration.ofNanos(System.nanoTime() - began);
            ended = Optional.of(Instant.now());
        }
        return true;
    }

    /// Copies for the last time; before the database is closed.
    public void close() {
        Thread last;
        synchronized (this) {
            closed = true;
            last = running;
        }
        try {
            if (last != null) {
                last.join();
            }
            if (Files.size(metadata.files().database()) <= STOP_BYTES_MAX) {
                copyLogged();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.atDebug().setCause(e).log("There is no database to copy.");
        }
    }
}
