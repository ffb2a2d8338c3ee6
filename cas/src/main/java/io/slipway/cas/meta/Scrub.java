package io.slipway.cas.meta;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.cas.Inspection.Amount;
import io.slipway.cas.Inspection.Finding;
import io.slipway.cas.Inspection.ScrubEvents;
import io.slipway.cas.Inspection.Scrubbed;
import io.slipway.cas.Inspection.Wrong;
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
import java.util.OptionalLong;
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

    /// Of a scrub that somebody asks for where the one in the background is switched off.
    private static final long RATE_WHEN_OFF = 8L << 20;

    /// How often somebody who asked is told how far it is.
    private static final Duration TELL_EVERY = Duration.ofMillis(500);

    private static final Logger log = LoggerFactory.getLogger(Scrub.class);

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final Losing losing;
    private final ScrubOptions options;
    private final Clock clock;
    private final Pacer.Sleep sleep;
    private final Runnable passed;

    // Guarded by this.
    private @Nullable Thread running;
    private boolean asked;
    private boolean closed;

    /// @param passed told after each pass; must not wait
    Scrub(
            Metadata metadata,
            StoredBlobs blobs,
            Losing losing,
            ScrubOptions options,
            Clock clock,
            Pacer.Sleep sleep,
            Runnable passed) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.losing = losing;
        this.options = options;
        this.clock = clock;
        this.sleep = sleep;
        this.passed = passed;
    }

    /// Begins to look, unless it is switched off.
    void start(ScheduledExecutorService timer) {
        if (options.bytesPerSecond() > 0) {
            var _ = timer.scheduleWithFixedDelay(
                    this::lookAside, LOOK_EVERY.toSeconds(), LOOK_EVERY.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private synchronized void lookAside() {
        if (!closed && !asked && (running == null || !running.isAlive())) {
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
        try {
            end(last);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void end(@Nullable Thread pass) throws InterruptedException {
        if (pass != null) {
            pass.interrupt();
            pass.join();
        }
    }

    /// See [io.slipway.cas.Inspection#scrub]. The pass in the background gives way.
    Scrubbed now(OptionalLong bytesPerSecond, ScrubEvents to) throws IOException, InterruptedException {
        Thread background;
        synchronized (this) {
            if (asked) {
                throw ApiException.failedPrecondition("a scrub that somebody else asked for is running");
            }
            asked = true;
            background = running;
        }
        try {
            end(background);
            var _ = metadata.write(this::state);
            var all = metadata.read(connection -> Db.one(
                            connection,
                            "SELECT count(*), coalesce(sum(size), 0) FROM blob",
                            row -> new Amount(row.getLong(1), row.getLong(2)))
                    .orElseThrow());
            long usual = options.bytesPerSecond() > 0 ? options.bytesPerSecond() : RATE_WHEN_OFF;
            return new Pass(bytesPerSecond.orElse(usual), new Told(all, to)).run("");
        } finally {
            synchronized (this) {
                asked = false;
            }
        }
    }

    /// Keeps somebody who asked informed, and not more often than they can use.
    private static final class Told implements ScrubEvents {
        private final Amount all;
        private final ScrubEvents to;
        private long at = System.nanoTime();

        Told(Amount all, ScrubEvents to) {
            this.all = all;
            this.to = to;
        }

        @Override
        public void progress(Amount done, Amount ignored) throws InterruptedException {
            long now = System.nanoTime();
            if (now - at >= TELL_EVERY.toNanos()) {
                at = now;
                to.progress(done, all);
            }
        }

        @Override
        public void bad(Finding bad) throws InterruptedException {
            to.bad(bad);
        }
    }

    /// Nobody asked.
    private static final ScrubEvents BACKGROUND = new ScrubEvents() {
        @Override
        public void progress(Amount done, Amount all) {}

        @Override
        public void bad(Finding bad) {}
    };

    /// @param cursor the last digest that was read in a pass that is not through, else empty
    private record State(String cursor, Instant ended) {}

    /// Runs the pass that is due or was interrupted; false when none is.
    boolean look() throws IOException, InterruptedException {
        var state = metadata.write(this::state);
        if (state.cursor().isEmpty() && state.ended().plus(options.interval()).isAfter(clock.instant())) {
            return false;
        }
        var _ = new Pass(options.bytesPerSecond(), BACKGROUND).run(state.cursor());
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

    /// One pass, or the rest of one. One thread.
    private final class Pass {
        private final Pacer pacer;
        private final ScrubEvents to;
        private long count;
        private long bytes;
        private long bad;

        Pass(long bytesPerSecond, ScrubEvents to) {
            this.pacer = new Pacer(bytesPerSecond, System::nanoTime, sleep);
            this.to = to;
        }

        Scrubbed run(String from) throws IOException, InterruptedException {
            long noted = 0;
            var cursor = from;
            for (var next = after(cursor); next.isPresent(); next = after(cursor)) {
                look(next.get());
                cursor = next.get().toString();
                if (bytes - noted >= NOTE_EVERY_BYTES) {
                    note(cursor);
                    noted = bytes;
                }
            }
            metadata.write(connection ->
                    Db.update(connection, "UPDATE scrub SET cursor='', ended=?", Columns.time(Columns.now(clock))));
            log.atInfo()
                    .addKeyValue("blobs", count)
                    .addKeyValue("bytes", bytes)
                    .addKeyValue("bad", bad)
                    .log("Read all stored blobs again.");
            passed.run();
            return new Scrubbed(new Amount(count, bytes), bad);
        }

        private void look(Digest digest) throws IOException, InterruptedException {
            var result = blobs.rehash(digest, read -> {
                bytes += read;
                options.observer().read(read);
                to.progress(new Amount(count, bytes), new Amount(0, 0));
                pacer.read(read);
            });
            count++;
            switch (result) {
                case Rehash.Result.Good _ -> options.observer().checked(Outcome.GOOD);
                case Rehash.Result.Gone _ -> {
                    // Collected meanwhile; a record without its file is for the check to find.
                }
                case Rehash.Result.Corrupt(var file, var actual) ->
                    lose(digest, file, Outcome.CORRUPT, Wrong.CORRUPT, "its bytes are " + actual);
                case Rehash.Result.Unreadable(var file, var why) ->
                    lose(digest, file, Outcome.UNREADABLE, Wrong.UNREADABLE, why);
            }
        }

        private void lose(Digest digest, Rehash.FileId file, Outcome outcome, Wrong wrong, String detail)
                throws IOException, InterruptedException {
            if (losing.quarantine(digest, file)) {
                bad++;
                options.observer().checked(outcome);
                to.bad(new Finding(wrong, digest.toString(), detail, true));
            }
        }
    }
}
