package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.SnapshotDriver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes committed snapshots durable behind their commit: one `syncfs` at a time covers everything that was
/// committed before it began; what is committed meanwhile waits for the next one. Thread-safe.
final class SyncGroup {
    private static final Logger LOG = LoggerFactory.getLogger(SyncGroup.class);

    private final SnapshotDriver driver;
    private final Records records;
    private final Executor background;
    private final Object lock = new Object();
    private boolean wanted;
    private boolean running;
    /// A sync has failed, and the records do not say so yet.
    private boolean doubtful;

    SyncGroup(SnapshotDriver driver, Records records, Executor background) {
        this.driver = driver;
        this.records = records;
        this.background = background;
    }

    /// Something was committed. Returns at once.
    void request() {
        synchronized (lock) {
            wanted = true;
            if (running) {
                return;
            }
            running = true;
        }
        background.execute(this::run);
    }

    private void run() {
        while (true) {
            synchronized (lock) {
                if (!wanted) {
                    running = false;
                    return;
                }
                wanted = false;
            }
            try {
                once();
            } catch (IOException | RuntimeException e) {
                LOG.atError()
                        .addKeyValue("snapshotter", driver.name())
                        .setCause(e)
                        .log("Snapshots could not be made durable; after the next boot they are unpacked again");
            }
        }
    }

    /// Makes what is committed now durable, and records it.
    void once() throws IOException {
        recordDoubt();
        List<Long> dirs = records.read(c -> records.directories().unsynced(c, driver.name()));
        if (dirs.isEmpty()) {
            return;
        }
        now();
        records.write(c -> {
            records.directories().synced(c, dirs);
            return null;
        });
    }

    /// Makes everything written so far durable. Should the disk fail to take it, no later sync covers it.
    void now() throws IOException {
        recordDoubt();
        try {
            driver.sync();
        } catch (IOException e) {
            synchronized (lock) {
                doubtful = true;
            }
            try {
                recordDoubt();
            } catch (IOException unrecorded) {
                e.addSuppressed(unrecorded);
            }
            throw e;
        }
    }

    private void recordDoubt() throws IOException {
        synchronized (lock) {
            if (!doubtful) {
                return;
            }
        }
        records.write(c -> {
            records.directories().doubt(c, driver.name());
            return null;
        });
        synchronized (lock) {
            doubtful = false;
        }
    }
}
