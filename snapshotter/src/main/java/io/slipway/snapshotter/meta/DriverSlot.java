package io.slipway.snapshotter.meta;

import io.slipway.cas.Metadata;
import io.slipway.snapshotter.SnapshotDriver;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
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

    /// Runs a transaction that publishes a directory. Should it fail after that, the directory goes.
    <T extends @Nullable Object> T publishing(Metadata.Sql<T> sql) throws IOException {
        try {
            return records.write(sql);
        } catch (IOException e) {
            cleanupSoon();
            throw e;
        }
    }

    /// Directories are put out of the way inside a write transaction, as publishing happens in one too, and
    /// removed after it. What was still recorded before stays: transactions become durable together, and one that
    /// took a record away a moment ago may be undone yet. Damaged records may not name all that there are: then
    /// nothing is removed.
    void cleanup() throws IOException {
        if (records.damaged()) {
            return;
        }
        Set<Long> recorded = records.read(c -> records.directories().all(c, driver.name()));
        AtomicReference<SnapshotDriver.Removal> removal = new AtomicReference<>(() -> 0);
        try {
            records.write(c -> {
                Set<Long> live = new HashSet<>(recorded);
                live.addAll(records.directories().all(c, driver.name()));
                try {
                    removal.set(driver.cleanup(live));
                } catch (IOException e) {
                    throw new java.sql.SQLException("cleanup of " + driver.name() + ": " + e.getMessage(), e);
                }
                return null;
            });
        } finally {
            removal.get().run();
        }
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
