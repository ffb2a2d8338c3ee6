package io.slipway.cas.file;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Recording;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes down, while an arrival runs, which of its bytes are there, so that the next fetch can go on after a
/// crash: on a virtual thread of its own, off the path of the bytes.
///
/// A failure to write it down is a warning, not a failure of the arrival: at worst more is fetched again.
final class RangeRecorder {

    /// What has been written is recorded after this many bytes or this much time, whichever comes first: what a
    /// killed daemon fetches again at most.
    static final long RECORD_BYTES = 4 << 20;

    static final Duration RECORD_EVERY = Duration.ofMillis(100);

    /// How often the recorder looks.
    private static final Duration LOOK_EVERY = Duration.ofMillis(20);

    private static final Logger log = LoggerFactory.getLogger(RangeRecorder.class);

    private final Disk disk;
    private final Recording recording;
    private final LandedBytes bytes;
    private final Path part;
    private final Path record;
    private final String bootId;
    private final Writeback.Turn writeback;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread;
    private boolean warned;

    // Recorder's thread only, then (after its end) whoever calls park().
    private List<ByteRange> synced;
    private long syncedTotal;
    private long recordedTotal;
    private long recordedAtNanos;
    private long syncedAtNanos;

    RangeRecorder(
            Disk disk,
            Recording recording,
            LandedBytes bytes,
            Path part,
            Path record,
            String bootId,
            List<ByteRange> synced,
            Writeback.Turn writeback) {
        this.disk = disk;
        this.recording = recording;
        this.bytes = bytes;
        this.part = part;
        this.record = record;
        this.bootId = bootId;
        this.writeback = writeback;
        this.synced = synced;
        this.syncedTotal = synced.stream().mapToLong(ByteRange::length).sum();
        this.recordedTotal = bytes.total();
        this.syncedAtNanos = System.nanoTime();
        this.recordedAtNanos = syncedAtNanos;
        this.thread = Thread.ofVirtual().name("record " + part.getFileName()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Ends the thread and waits for what it is doing.
    void stop() {
        stop.countDown();
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// After [#stop]: the last word on an arrival that is given up for now.
    void park() {
        attempt(() -> write(bytes.ranges(), false));
    }

    private void run() {
        try {
            while (!stop.await(LOOK_EVERY.toNanos(), TimeUnit.NANOSECONDS)) {
                attempt(this::tick);
            }
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        }
    }

    private void tick() throws IOException {
        long total = bytes.total();
        if (total == recordedTotal && total == syncedTotal) {
            return;
        }
        long now = System.nanoTime();
        if (total - recordedTotal < RECORD_BYTES && now - recordedAtNanos < RECORD_EVERY.toNanos()) {
            return;
        }
        recordedAtNanos = now;
        var ranges = bytes.ranges();
        if (total != recordedTotal) {
            writeback.take();
            write(ranges, false);
        }
        long fresh = total - syncedTotal;
        if (fresh >= recording.syncBytes()
                || System.nanoTime() - syncedAtNanos >= recording.syncEvery().toNanos()) {
            // Only what had landed before the sync began is known to be on disk after it.
            disk.sync(part);
            synced = ranges;
            syncedTotal = total;
            syncedAtNanos = System.nanoTime();
            write(ranges, true);
        }
    }

    /// @param durable a record that is to be there after a power cut; the name of the part file is on disk with it
    private void write(List<ByteRange> ranges, boolean durable) throws IOException {
        var encoded = new RangeRecord(bytes.size().orElse(-1), bootId, synced, ranges).encode();
        disk.replace(record, encoded, durable);
        recordedTotal = ranges.stream().mapToLong(ByteRange::length).sum();
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (IOException e) {
            if (!warned) {
                warned = true;
                log.atWarn()
                        .addKeyValue("file", record)
                        .addKeyValue("error", e.getMessage())
                        .log("What has arrived cannot be recorded; after a crash it is fetched again.");
            }
        }
    }
}
