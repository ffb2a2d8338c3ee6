package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import io.slipway.cas.ScrubObserver.Outcome;
import io.slipway.cas.ScrubOptions;
import io.slipway.cas.file.Rehash;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads all stored blobs again, one after the other in the order of their digests, at a bounded rate; what is
/// bad goes to quarantine and is then absent for everybody. How far a pass has come is kept (table `scrub`), so
/// that a restart goes on and does not begin again. A new store is first scrubbed after one interval.
final class Scrub {

    /// How often it is looked whether a pass is due.
    static final Duration LOOK_EVERY = Duration.ofMinutes(10);

    /// So much is read again after a restart, at most one blob more.
    private static final long NOTE_EVERY_BYTES = 1L << 30;

    private static final Logger log = LoggerFactory.getLogger(Scrub.class);

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final Losing losing;
    private final ScrubOptions options;
    private final Clock clock;
    private final Pacer.Sleep sleep;

    // Guarded by this.
    private @Nullable Thread running;
    private boolean closed;

    Scrub(Metadata metadata, StoredBlobs blobs, Losing losing, ScrubOptions options, Clock clock, Pacer.Sleep sleep) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.losing = losing;
        this.options = options;
        this.clock = clock;
        this.sleep = sleep;
    }

    /// Begins to look, unless it is switched off.
    void start(ScheduledExecutorService timer) {
        if (options.bytesPerSecond() > 0) {
            var _ = timer.scheduleWithFixedDelay(
                    this::lookAside, LOOK_EVERY.toSeconds(), LOOK_EVERY.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private synchronized void lookAside() {
        if (!closed && (running == null || !running.isAlive())) {
            running = Thread.ofVirtual().name("scrub").start(this::lookLogged);
        }
    }

    private void lookLogged() {
        try {
            look();
        } catch (InterruptedException closing) {
            // The next start goes on.
        } catch (IOException | RuntimeException e) {
            if (!isClosed()) {
                log.atWarn().addKeyValue("error", e.getMessage()).log("The scrub stopped; it goes on in some minutes.");
            }
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /// Stops a pass; what it found is done.
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

    /// @param cursor the last digest that was read in a pass that is not through, else empty
    private record State(String cursor, Instant ended) {}

    /// Runs the pass that is due or was interrupted; false when none is.
    boolean look() throws IOException, InterruptedException {
        var state = metadata.write(this::state);
        if (state.cursor().isEmpty() && state.ended().plus(options.interval()).isAfter(clock.instant())) {
            return false;
        }
        pass(state.cursor());
        return true;
    }

    private State state(Connection connection) throws SQLException {
        Db.update(
                connection,
                "INSERT INTO scrub(id, cursor, ended) VALUES(0, '', ?) ON CONFLICT DO NOTHING",
                Columns.time(Columns.now(clock)));
        return Db.one(
                        connection,
                        "SELECT cursor, ended FROM scrub",
                        row -> new State(row.getString(1), Columns.time(row.getLong(2))))
                .orElseThrow();
    }

    private void pass(String from) throws IOException, InterruptedException {
        var pacer = new Pacer(options.bytesPerSecond(), System::nanoTime, sleep);
        var count = new Count();
        long noted = 0;
        var cursor = from;
        for (var next = after(cursor); next.isPresent(); next = after(cursor)) {
            look(next.get(), pacer, count);
            cursor = next.get().toString();
            if (count.bytes - noted >= NOTE_EVERY_BYTES) {
                note(cursor);
                noted = count.bytes;
            }
        }
        metadata.write(connection ->
                Db.update(connection, "UPDATE scrub SET cursor='', ended=?", Columns.time(Columns.now(clock))));
        log.atInfo()
                .addKeyValue("blobs", count.blobs)
                .addKeyValue("bytes", count.bytes)
                .addKeyValue("bad", count.bad)
                .log("Read all stored blobs again.");
    }

    private static final class Count {
        private long blobs;
        private long bytes;
        private long bad;
    }

    private Optional<Digest> after(String cursor) throws IOException {
        return metadata.read(connection -> Db.one(
                connection,
                "SELECT digest FROM blob WHERE digest>? ORDER BY digest LIMIT 1",
                row -> Digest.parse(row.getString(1)),
                cursor));
    }

    private void note(String cursor) throws IOException {
        metadata.write(connection -> Db.update(connection, "UPDATE scrub SET cursor=?", cursor));
    }

    private void look(Digest digest, Pacer pacer, Count count) throws IOException, InterruptedException {
        var result = blobs.rehash(digest, read -> {
            count.bytes += read;
            options.observer().read(read);
            pacer.read(read);
        });
        count.blobs++;
        switch (result) {
            case Rehash.Result.Good _ -> options.observer().checked(Outcome.GOOD);
            case Rehash.Result.Gone _ -> {
                // Collected meanwhile; a record without its file is for the check to find.
            }
            case Rehash.Result.Corrupt bad -> lose(digest, bad.file(), Outcome.CORRUPT, count);
            case Rehash.Result.Unreadable bad -> lose(digest, bad.file(), Outcome.UNREADABLE, count);
        }
    }

    private void lose(Digest digest, Rehash.FileId file, Outcome outcome, Count count) throws IOException {
        if (losing.quarantine(digest, file)) {
            count.bad++;
            options.observer().checked(outcome);
        }
    }
}
