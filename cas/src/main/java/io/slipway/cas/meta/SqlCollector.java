package io.slipway.cas.meta;

import io.slipway.api.events.ContentDelete;
import io.slipway.api.services.images.v1.ImageDelete;
import io.slipway.cas.Collector;
import io.slipway.cas.Events;
import io.slipway.cas.GcOptions;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Metadata;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// [Collector] over the tables. One run at a time; who asks while one runs shares the next one.
final class SqlCollector implements Collector {

    private static final Logger log = LoggerFactory.getLogger(SqlCollector.class);

    /// What nobody sees but somebody holds is looked at again after this long.
    private static final Duration RETRY_HELD = Duration.ofSeconds(30);

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final Events events;
    private final Clock clock;
    private final ScheduledExecutorService timer;
    private final CollectionSchedule schedule;
    private final Runnable imagesChanged;
    private final List<GcRoots> parts = new CopyOnWriteArrayList<>();
    private final AtomicLong asked = new AtomicLong();
    private final ReentrantLock running = new ReentrantLock();
    private volatile boolean begun;
    private volatile boolean closed;

    // Guarded by running.
    private long covered;
    private Collected last = new Collected(0, 0, 0, 0);
    private boolean lookedForOrphans;

    SqlCollector(
            Metadata metadata,
            StoredBlobs blobs,
            Events events,
            Clock clock,
            ScheduledExecutorService timer,
            GcOptions options,
            Runnable imagesChanged) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.events = events;
        this.clock = clock;
        this.timer = timer;
        this.schedule = new CollectionSchedule(options);
        this.imagesChanged = imagesChanged;
    }

    @Override
    public void join(GcRoots part) {
        parts.add(part);
    }

    List<GcRoots> parts() {
        return parts;
    }

    /// All parts have joined: what was asked for until now is due, and a first run is after that long.
    void begin(Duration after) {
        begun = true;
        scheduleIn(after);
        runIfDue();
    }

    @Override
    public Collected collect() throws IOException {
        long mine = asked.incrementAndGet();
        running.lock();
        try {
            if (covered < mine) {
                covered = asked.get();
                last = run();
            }
            return last;
        } finally {
            running.unlock();
        }
    }

    @Override
    public void schedule() {
        arm(schedule.deleted(System.nanoTime()));
    }

    /// Something was written.
    void mutated() {
        arm(schedule.mutated(System.nanoTime()));
    }

    /// A run after that long at the latest.
    void scheduleIn(Duration after) {
        arm(schedule.wanted(System.nanoTime() + after.toNanos()));
    }

    private void arm(OptionalLong due) {
        if (due.isEmpty()) {
            return;
        }
        try {
            var _ = timer.schedule(this::runIfDue, due.getAsLong() - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closing) {
            // The next start collects.
        }
    }

    private void runIfDue() {
        // What a part that has not joined keeps would be taken for garbage.
        if (begun && schedule.take(System.nanoTime())) {
            Thread.ofVirtual().name("collect").start(this::runLogged);
        }
    }

    /// Waits for a run that is going on; what fails afterwards fails because everything closes.
    void close() {
        running.lock();
        try {
            closed = true;
        } finally {
            running.unlock();
        }
    }

    private void runLogged() {
        if (closed) {
            return;
        }
        try {
            collect();
        } catch (IOException | RuntimeException e) {
            if (!closed) {
                log.atWarn().addKeyValue("error", e.getMessage()).log("Collection failed; the next one tries again.");
            }
        }
    }

    private Collected run() throws IOException {
        long started = System.nanoTime();
        schedule.began();
        try {
            var collected = collectNow(started);
            schedule.succeeded(System.nanoTime(), System.nanoTime() - started);
            return collected;
        } catch (IOException | RuntimeException e) {
            arm(schedule.failed(System.nanoTime()));
            throw e;
        }
    }

    private Collected collectNow(long started) throws IOException {
        if (metadata.damage().isPresent()) {
            log.warn("Nothing is collected as long as the metadata is damaged.");
            return new Collected(0, 0, 0, 0);
        }
        var joined = List.copyOf(parts);
        var now = clock.instant();
        var held = blobs.held();
        var gone = metadata.write(connection -> {
            var marks = new Marking(connection, joined, now, Marking.Trace.NONE);
            marks.run(held);
            return Sweep.records(connection, joined, marks, now);
        });
        var removed = metadata.write(connection -> Sweep.blobs(connection, blobs));
        if (!lookedForOrphans) {
            metadata.write(connection -> Sweep.orphans(connection, blobs));
            lookedForOrphans = true;
        }
        announce(gone);
        blobs.emptyTrash();
        for (var part : gone.parts().entrySet()) {
            part.getKey().removed(part.getValue());
        }
        if (removed.skipped() > 0) {
            scheduleIn(RETRY_HELD);
        }
        var collected = new Collected(gone.contents().size(), removed.count(), removed.bytes(), gone.others());
        if (collected.contents() + collected.blobs() + collected.others() > 0) {
            log.atInfo()
                    .addKeyValue("contents", collected.contents())
                    .addKeyValue("blobs", collected.blobs())
                    .addKeyValue("bytes", collected.bytes())
                    .addKeyValue("others", collected.others())
                    .addKeyValue("ms", (System.nanoTime() - started) / 1_000_000)
                    .log("Collected what nothing keeps alive.");
        }
        return collected;
    }

    private void announce(Sweep.Gone gone) {
        for (var image : gone.images()) {
            events.publish(
                    image.namespace(),
                    "/images/delete",
                    ImageDelete.newBuilder().setName(image.key()).build());
        }
        if (!gone.images().isEmpty()) {
            imagesChanged.run();
        }
        for (var content : gone.contents()) {
            events.publish(
                    content.namespace(),
                    "/content/delete",
                    ContentDelete.newBuilder().setDigest(content.key()).build());
        }
    }
}
