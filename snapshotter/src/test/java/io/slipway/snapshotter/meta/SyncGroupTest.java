package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.linux.Errno;
import io.slipway.linux.Hashers;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.SnapshotDriver;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Records of directories against a disk that fails to take something, and against commits while it syncs.
class SyncGroupTest {
    private static final String SNAPSHOTTER = "some";

    @TempDir
    Path root;

    private final ExecutorService bytes = Executors.newSingleThreadExecutor();
    private Cas cas;
    private Records records;

    /// What happens on the disk while it syncs.
    private interface Disk {
        void sync() throws IOException;
    }

    @BeforeEach
    void open() throws IOException {
        cas = Cas.open(CasOptions.of(root, bytes, Hashers.best()));
        Surroundings around = new Surroundings(
                cas.metadata(),
                cas.leases(),
                cas.namespaces(),
                cas.collector(),
                cas.events(),
                Clock.systemUTC(),
                "boot",
                Runnable::run,
                false,
                true);
        records = new Records(around, List.of());
    }

    @AfterEach
    void close() {
        cas.close();
        bytes.shutdownNow();
    }

    private SyncGroup group(Disk disk) {
        SnapshotDriver driver = (SnapshotDriver) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SnapshotDriver.class}, (_, method, _) -> {
                    if (method.getName().equals("sync")) {
                        disk.sync();
                        return null;
                    }
                    return SNAPSHOTTER;
                });
        return new SyncGroup(driver, records, Runnable::run);
    }

    private long finished() throws IOException {
        return records.write(c -> {
            long dir = records.directories().make(c, SNAPSHOTTER);
            records.directories().finished(c, dir, false);
            return dir;
        });
    }

    private List<Long> synced() throws IOException {
        return records.read(c -> Statements.numbers(c, "SELECT synced FROM snapshot_dir ORDER BY dir"));
    }

    @Test
    void whatIsFinishedWhileASyncRunsIsNotCovered() throws Exception {
        long _ = finished();
        SyncGroup group = group(this::finished);
        group.once();
        assertThat(synced()).containsExactly(1L, 0L);
    }

    /// The kernel tells of a lost write once; the next sync succeeds, and proves nothing about it.
    @Test
    void aSyncAfterAFailedOneCoversNothingOlder() throws Exception {
        long _ = finished();
        long open = records.write(c -> records.directories().make(c, SNAPSHOTTER));
        boolean[] works = {false};
        SyncGroup group = group(() -> {
            if (!works[0]) {
                throw new LinuxException("syncfs", "disk", Errno.EIO);
            }
        });
        assertThatThrownBy(group::once).hasMessageContaining("EIO");
        works[0] = true;
        long _ = finished();
        // Written into since before the failure.
        records.write(c -> {
            records.directories().finished(c, open, false);
            return null;
        });
        group.once();
        assertThat(synced()).containsExactly(2L, 2L, 1L);
    }
}
