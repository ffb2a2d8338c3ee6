package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.SnapshotDriver;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A loaded driver with its upkeep: syncs and removal of directories that are recorded nowhere. Thread-safe.
final class DriverSlot {
    private static final Logger LOG = LoggerFactory.getLogger(DriverSlot.class);

    private final SnapshotDriver driver;
    private final Records records;
    private final SyncGroup sync;
    private final Executor background;
    private final AtomicBoolean cleanupQueued = new AtomicBoolean();

    DriverSlot(SnapshotDriver driver, Records records, Surroundings around) {
        this.driver = driver;
        this.records = records;
        this.background = around.background();
        this.sync = new SyncGroup(driver, records, background);
    }

    SnapshotDriver driver() {
        return driver;
    }

    SyncGroup sync() {
        return sync;
    }

    /// Directories are put out of the way inside a write transaction, as publishing happens in one too, and
    /// removed after it. Damaged records may not name all that there are: then nothing is removed.
    void cleanup() throws IOException {
        if (records.damaged()) {
            return;
        }
        SnapshotDriver.Removal removal = records.write(c -> {
            try {
                return driver.cleanup(records.directories().all(c, driver.name()));
            } catch (IOException e) {
                throw new java.sql.SQLException("cleanup of " + driver.name() + ": " + e.getMessage(), e);
            }
        });
        removal.run();
    }

    /// As [#cleanup], in the background; requests that have not begun are one.
    void cleanupSoon() {
        if (cleanupQueued.compareAndSet(false, true)) {
            background.execute(() -> {
                cleanupQueued.set(false);
                try {
                    cleanup();
                } catch (IOException | RuntimeException e) {
                    LOG.atWarn()
                            .addKeyValue("snapshotter", driver.name())
                            .setCause(e)
                            .log("Directories of removed snapshots are left; the next cleanup tries again");
                }
            });
        }
    }
}
