package io.slipway.cas.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.ByteRange;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Faults;
import io.slipway.cas.StoreException;
import io.slipway.cas.Verdict;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FaultPlan;
import io.slipway.cas.testkit.JdkHashers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What an arrival knows after the daemon was killed in the middle of it, and what it does when the disk
/// refuses.
@Timeout(30)
@SuppressWarnings("NullAway.Init")
final class ResumeTest {

    private static ExecutorService bytes;

    private static final byte[] BODY = Bytes.random(1, 2_000_000);
    private static final ArrivalKey KEY = new ArrivalKey(Bytes.digest(BODY), "registry.test");

    @TempDir
    private Path root;

    @BeforeAll
    static void startPool() {
        bytes = Executors.newFixedThreadPool(2);
    }

    @AfterAll
    static void stopPool() {
        bytes.close();
    }

    private FileBlobStore open(Faults faults) throws IOException {
        var options = CasOptions.of(root, bytes, new JdkHashers()).withFaults(faults);
        FileBlobStore.prepare(options);
        return FileBlobStore.open(options, (_, _, _) -> {});
    }

    private Path ranges() {
        return new ContentLayout(root.resolve("content")).ranges(KEY);
    }

    private Path ingests() {
        return new ContentLayout(root.resolve("content")).ingests();
    }

    private Path part() {
        return new ContentLayout(root.resolve("content")).part(KEY);
    }

    /// Kills a store that has landed and recorded [500_000, 1_500_000).
    private void killInTheMiddle() throws Exception {
        var faults = FaultPlan.onDemand();
        try (var store = open(faults)) {
            try (var arrival = store.arrive(Bytes.request(BODY), landing -> {
                landing.write(500_000, ByteBuffer.wrap(BODY, 500_000, 1_000_000));
                new CountDownLatch(1).await();
            })) {
                arrival.read(500_000, ByteBuffer.allocate(1));
                await().until(() -> Files.exists(ranges()));
                faults.crashNow();
            }
        }
    }

    private List<ByteRange> missingNow() throws Exception {
        var missing = new AtomicReference<List<ByteRange>>(List.of());
        try (var store = open(Faults.NONE)) {
            try (var arrival = store.arrive(Bytes.request(BODY), landing -> {
                missing.set(landing.missing());
                for (var range : landing.missing()) {
                    landing.write(range.from(), ByteBuffer.wrap(BODY, (int) range.from(), (int) range.length()));
                }
            })) {
                assertThat(arrival.awaitVerified()).isEqualTo(BODY.length);
                assertThat(Bytes.readAll(arrival)).isEqualTo(BODY);
            }
        }
        assertThat(StoreSetup.list(ingests())).isEmpty();
        return missing.get();
    }

    @Test
    void afterAKillTheRecordedRangesAreNotFetchedAgain() throws Exception {
        killInTheMiddle();
        assertThat(missingNow()).containsExactly(new ByteRange(0, 500_000), new ByteRange(1_500_000, 2_000_000));
    }

    @Test
    void aTornRecordMeansFromTheStart() throws Exception {
        killInTheMiddle();
        var record = Files.readAllBytes(ranges());
        record[record.length / 2] ^= 1;
        Files.write(ranges(), record);
        assertThat(missingNow()).containsExactly(new ByteRange(0, 2_000_000));
    }

    @Test
    void bytesMissingFromTheFileMeanFromTheStart() throws Exception {
        killInTheMiddle();
        Files.write(part(), new byte[1_000]);
        assertThat(missingNow()).containsExactly(new ByteRange(0, 2_000_000));
    }

    @Test
    void anOldIngestIsDroppedAtStart() throws Exception {
        killInTheMiddle();
        Files.setLastModifiedTime(ranges(), FileTime.from(Instant.now().minus(Duration.ofHours(25))));
        open(Faults.NONE).close();
        assertThat(StoreSetup.list(ingests())).isEmpty();
    }

    @Test
    void anUnreadableIngestIsDroppedAtStart() throws Exception {
        open(Faults.NONE).close();
        Files.write(part(), new byte[10]);
        Files.write(part().resolveSibling("sha256-nonsense.part"), new byte[10]);
        Files.write(part().resolveSibling("x.new"), new byte[10]);
        open(Faults.NONE).close();
        assertThat(StoreSetup.list(ingests())).isEmpty();
    }

    /// A fetch that is given up while its files are being opened leaves no file, thread or hold behind.
    @Test
    void givingUpWhileTheFilesAreOpenedLeavesNothing() throws Exception {
        var opening = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        Faults slow = (what, subject) -> {
            if (subject.endsWith(ContentLayout.PART)) {
                opening.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IOException("interrupted in the middle of " + what, e);
                }
            }
        };
        var store = open(slow);
        var arrival = store.arrive(Bytes.request(BODY), landing -> new CountDownLatch(1).await());
        opening.await();
        var closing = Thread.ofVirtual().start(store::close);
        await().until(() -> closing.getState() == Thread.State.WAITING);
        go.countDown();
        assertThat(closing.join(Duration.ofSeconds(20))).isTrue();
        assertThat(arrival.await())
                .isInstanceOfSatisfying(
                        Verdict.Failed.class,
                        failed -> assertThat(failed.cause()).hasMessageContaining("closing"));
        arrival.close();
        assertThat(StoreSetup.list(ingests())).isEmpty();
        assertThat(store.held()).isEmpty();
    }

    @Test
    void wrongBytesLeftByAnEarlierFetchAreRejectedAndThenGone() throws Exception {
        killInTheMiddle();
        try (var file = java.nio.channels.FileChannel.open(part(), java.nio.file.StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[10]), 700_000);
        }
        try (var store = open(Faults.NONE);
                var arrival = store.arrive(Bytes.request(BODY), landing -> {
                    for (var range : landing.missing()) {
                        landing.write(range.from(), ByteBuffer.wrap(BODY, (int) range.from(), (int) range.length()));
                    }
                })) {
            assertThat(arrival.await()).isInstanceOf(Verdict.Rejected.class);
        }
        assertThat(missingNow()).containsExactly(new ByteRange(0, 2_000_000));
    }

    @Test
    void onlySyncedRangesCountOnAnotherBoot() {
        var synced = List.of(new ByteRange(0, 10));
        var written = List.of(new ByteRange(0, 20));
        var record = RangeRecord.decode(new RangeRecord(100, "boot-1", synced, written).encode())
                .orElseThrow();
        assertThat(record.usable("boot-1")).isEqualTo(written);
        assertThat(record.usable("boot-2")).isEqualTo(synced);
        assertThat(record.usable("")).isEqualTo(synced);
        assertThat(RangeRecord.decode(new byte[0])).isEmpty();
    }

    @Test
    void aFullDiskFailsTheArrivalAndFreesItsSpace() throws Exception {
        var writes = new AtomicInteger();
        Faults full = (step, _) -> {
            if (step.equals("write") && writes.incrementAndGet() == 3) {
                throw new IOException("No space left on device");
            }
        };
        try (var store = open((step, subject) -> {
            if (subject.endsWith(".part")) {
                full.before(step, subject);
            }
        })) {
            try (var arrival = store.arrive(Bytes.request(BODY), landing -> {
                for (int at = 0; at < BODY.length; at += 500_000) {
                    landing.write(at, ByteBuffer.wrap(BODY, at, 500_000));
                }
            })) {
                assertThat(arrival.await()).isInstanceOfSatisfying(Verdict.Failed.class, failed -> {
                    assertThat(failed.cause())
                            .isInstanceOfSatisfying(
                                    StoreException.class,
                                    e -> assertThat(e.noSpace()).isTrue());
                    assertThat(failed.cause()).hasMessageContaining("make room");
                });
                assertThat(StoreSetup.list(ingests())).isEmpty();
            }
            assertThat(store.put(Bytes.request(BODY), ByteBuffer.wrap(BODY)))
                    .isEqualTo(new Verdict.Verified(BODY.length));
        }
    }
}
