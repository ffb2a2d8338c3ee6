package io.slipway.cas;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FastTempDir;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The disk refuses one step of an operation, the first, the second, and so on until it meets none: whoever asked
/// is told what was refused, where and what to do; nothing stays open or half done; what others do goes on; and
/// the same again works.
@Timeout(300)
@SuppressWarnings("NullAway.Init")
final class DiskFailureTest {

    private static final byte[] BODY = Bytes.random(1, 40_000);
    private static final byte[] OTHER = Bytes.random(2, 5_000);

    @TempDir(factory = FastTempDir.class)
    private Path root;

    /// As strerror(3) says it, and what we say to do about it.
    enum Refusal {
        NO_SPACE("No space left on device", "make room"),
        QUOTA("Disk quota exceeded", "raise the quota"),
        IO("Input/output error", "kernel's log"),
        TOO_MANY_FILES("Too many open files", "raise the limit"),
        READ_ONLY("Read-only file system", "mount it writable");

        private final String text;
        private final String advice;

        Refusal(String text, String advice) {
            this.text = text;
            this.advice = advice;
        }
    }

    /// Refuses the n-th step that is not somebody else's.
    private static final class Refusing implements Faults {
        private final Refusal refusal;
        private int left = Integer.MAX_VALUE;
        private @Nullable String struck;

        Refusing(Refusal refusal) {
            this.refusal = refusal;
        }

        synchronized void arm(int step) {
            left = step;
            struck = null;
        }

        /// The step that was refused; null when none was.
        synchronized @Nullable String disarm() {
            left = Integer.MAX_VALUE;
            return struck;
        }

        @Override
        public void before(String step, String subject) throws IOException {
            synchronized (this) {
                boolean aside = subject.contains(Bytes.digest(OTHER).hex())
                        || subject.contains("index.json")
                        || subject.endsWith(".ranges.new")
                        || (subject.endsWith(".ranges") && !step.equals("delete"));
                if (aside || left == Integer.MAX_VALUE || --left > 0) {
                    return;
                }
                left = Integer.MAX_VALUE;
                struck = step + " of " + Path.of(subject).getFileName();
            }
            throw new IOException(refusal.text);
        }
    }

    private interface Operation {
        void run(Cas cas) throws Exception;
    }

    @ParameterizedTest
    @EnumSource
    void anArrival(Refusal refusal) throws Exception {
        refuseEachStep(refusal, _ -> {}, cas -> {
            var followed = new CountDownLatch(1);
            var begun = new AtomicBoolean();
            try (var arrival = cas.blobs().arrive(Bytes.request(BODY), landing -> {
                        begun.set(true);
                        followed.await();
                        landing.write(0, ByteBuffer.wrap(BODY));
                    });
                    var follower = cas.blobs().arriveWith(Bytes.request(BODY), ByteBuffer.wrap(BODY))) {
                followed.countDown();
                try {
                    arrival.awaitVerified();
                } catch (IOException e) {
                    // Whoever followed is told the same, and does not wait; who came later has a fetch of his own.
                    assertThat(follower.await() instanceof Verdict.Verified && begun.get())
                            .as("the follower of a failed fetch has its bytes")
                            .isFalse();
                    throw e;
                }
                cas.contents().link(NS, arrival.digest(), Map.of(GcLabels.ROOT, "1"), Optional.empty());
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void anIngest(Refusal refusal) throws Exception {
        refuseEachStep(refusal, _ -> {}, cas -> {
            try (var ingest = cas.ingests().open(NS, "a ref", Optional.empty())) {
                ingest.truncate();
                ingest.write(ByteBuffer.wrap(BODY));
                ingest.commit(BODY.length, Optional.of(Bytes.digest(BODY)), Map.of(GcLabels.ROOT, "1"));
            } catch (ApiException there) {
                // The refused step came after the one that made it visible.
                assertThat(there.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS);
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void aCollection(Refusal refusal) throws Exception {
        refuseEachStep(
                refusal,
                cas -> {
                    try (var arrival = cas.blobs().arriveWith(Bytes.request(BODY), ByteBuffer.wrap(BODY))) {
                        arrival.awaitVerified();
                        cas.contents().link(NS, arrival.digest(), Map.of(), Optional.empty());
                    }
                },
                cas -> {
                    cas.collector().collect();
                    assertThat(cas.contents().info(NS, Bytes.digest(BODY))).isEmpty();
                });
    }

    @ParameterizedTest
    @EnumSource
    void anEviction(Refusal refusal) throws Exception {
        refuseEachStep(
                refusal,
                cas -> {
                    try (var arrival = cas.blobs().arriveWith(Bytes.request(BODY), ByteBuffer.wrap(BODY))) {
                        arrival.awaitVerified();
                        cas.cacheIndex().admit(arrival.digest(), Map.of());
                    }
                },
                cas -> {
                    cas.cacheIndex().shrinkTo(0);
                    cas.collector().collect();
                    assertThat(cas.cacheIndex().bytes()).isZero();
                });
    }

    @ParameterizedTest
    @EnumSource
    void aName(Refusal refusal) throws Exception {
        refuseEachStep(
                refusal,
                _ -> {},
                cas -> cas.images()
                        .put(NS, "image", descriptor(Bytes.digest(BODY), BODY.length), Map.of(), Optional.empty()));
    }

    private void refuseEachStep(Refusal refusal, Operation before, Operation operation) throws Exception {
        var told = new ArrayList<String>();
        for (int step = 1; ; step++) {
            var directory = root.resolve(refusal + "-" + step);
            var disk = new Refusing(refusal);
            try (var store = new TestCas(
                    directory,
                    options -> options.withFaults(disk)
                            .withGc(new GcOptions(0, 0, 0, Duration.ofDays(1), Duration.ofDays(1))))) {
                store.cas().metadata().ready().join();
                before.run(store.cas());
                long open = openFiles(directory);
                var others = new Others(store.cas());
                disk.arm(step);
                Throwable failure = null;
                try {
                    operation.run(store.cas());
                } catch (IOException | RuntimeException e) {
                    failure = e;
                }
                var struck = disk.disarm();
                var when = refusal + " at step " + step + ": " + struck;
                told.add(when + " -> " + failure);
                if (failure != null) {
                    assertThat(chain(failure))
                            .as(when)
                            .anySatisfy(cause -> assertThat(cause)
                                    .isInstanceOf(StoreException.class)
                                    .hasMessageContaining("cannot ")
                                    .hasMessageContaining(directory.toString())
                                    .hasMessageContaining(refusal.text)
                                    .hasMessageContaining(refusal.advice));
                }
                others.assertGoOn(when);
                operation.run(store.cas());
                store.cas().collector().collect();
                assertThat(names(directory.resolve("content/ingest"))).as(when).isEmpty();
                assertThat(names(directory.resolve("tmp"))).as(when).noneMatch(name -> name.startsWith("gone-"));
                assertThat(openFiles(directory)).as(when).isLessThanOrEqualTo(open);
                if (struck == null) {
                    assertThat(failure).isNull();
                    assertThat(step).as(() -> "steps: " + told).isGreaterThan(2);
                    return;
                }
            }
        }
    }

    /// A fetch that began before, is half through meanwhile, and ends afterwards.
    private static final class Others {
        private final Arrival arrival;
        private final CountDownLatch go = new CountDownLatch(1);

        Others(Cas cas) throws IOException, InterruptedException {
            arrival = cas.blobs().arrive(Bytes.request(OTHER), landing -> {
                landing.write(0, ByteBuffer.wrap(OTHER, 0, 2_000));
                go.await();
                landing.write(2_000, ByteBuffer.wrap(OTHER, 2_000, OTHER.length - 2_000));
            });
            assertThat(arrival.read(0, ByteBuffer.allocate(1))).isEqualTo(1);
        }

        void assertGoOn(String when) throws InterruptedException {
            go.countDown();
            assertThat(arrival.await()).as(when).isEqualTo(new Verdict.Verified(OTHER.length));
            arrival.close();
        }
    }

    private static List<Throwable> chain(Throwable failure) {
        var chain = new ArrayList<Throwable>();
        for (Throwable at = failure; at != null; at = at.getCause()) {
            chain.add(at);
        }
        return chain;
    }

    /// Of this process, in that directory's blobs and ingests.
    private static long openFiles(Path directory) throws IOException {
        long open = 0;
        for (var name : names(Path.of("/proc/self/fd"))) {
            try {
                var file =
                        Files.readSymbolicLink(Path.of("/proc/self/fd", name)).toString();
                open += file.startsWith(directory.resolve("content").toString()) ? 1 : 0;
            } catch (IOException closed) {
                // Meanwhile.
            }
        }
        return open;
    }

    private static List<String> names(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }
}
