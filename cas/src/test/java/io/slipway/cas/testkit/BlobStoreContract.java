package io.slipway.cas.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.Arrival.Priority;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Fetch;
import io.slipway.cas.Landing;
import io.slipway.cas.Provenance;
import io.slipway.cas.SizeMismatchException;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What every [BlobStore] promises: what every way to one does, and following, sharing and resuming of what arrives.
@Timeout(30)
public abstract class BlobStoreContract extends BlobAccessContract {

    protected static final int GRACE_MS = 150;

    private BlobStore store;

    /// A fresh store whose arrivals go on for [#GRACE_MS] after the last asker left.
    protected abstract BlobStore open() throws IOException;

    /// Called after every test with the store closed.
    protected void checkAfterwards() throws IOException {}

    protected BlobStore store() {
        return store;
    }

    @Override
    protected BlobAccess access() {
        return BlobAccess.of(store);
    }

    @SuppressWarnings("NullAway.Init")
    protected BlobStoreContract() {}

    @BeforeEach
    void openStore() throws IOException {
        store = open();
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
        checkAfterwards();
    }

    @Test
    void whatWasNeverFetchedIsAbsent() throws IOException {
        assertThat(store.open(Bytes.digest(new byte[1]))).isEmpty();
    }

    @Test
    void aFetchedBlobIsVerifiedAndCanBeOpened() throws Exception {
        var body = Bytes.random(1, 100_000);
        try (var arrival = store.arrive(Bytes.request(body), landing -> landing.write(0, ByteBuffer.wrap(body)))) {
            assertThat(arrival.await()).isEqualTo(new Verdict.Verified(body.length));
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
        }
        assertStored(body);
    }

    @Test
    void everyAlgorithmIsVerified() throws Exception {
        for (var algorithm : Algorithm.values()) {
            var body = Bytes.random(algorithm.hexLength(), 5_000);
            var digest = Bytes.digest(algorithm, body);
            var request = new ArrivalRequest(digest, OptionalLong.empty(), Provenance.UNKNOWN, "test");
            assertThat(store.put(request, ByteBuffer.wrap(body))).isEqualTo(new Verdict.Verified(body.length));
            try (var blob = store.open(digest).orElseThrow()) {
                assertThat(blob.size()).isEqualTo(body.length);
            }
        }
    }

    @Test
    void anEmptyBlobIsABlob() throws Exception {
        var body = new byte[0];
        try (var arrival = store.arriveWith(Bytes.requestWithoutSize(body), ByteBuffer.wrap(body))) {
            assertThat(arrival.await()).isEqualTo(new Verdict.Verified(0));
            assertThat(arrival.read(0, ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        assertStored(body);
    }

    @Test
    void rangesMayComeInAnyOrderFromSeveralThreads() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        var body = Bytes.random(seed, 3_000_000);
        var random = new Random(seed);
        var pieces = new ArrayList<ByteRange>();
        for (int at = 0; at < body.length; ) {
            int to = Math.min(body.length, at + 1 + random.nextInt(100_000));
            pieces.add(new ByteRange(at, to));
            at = to;
        }
        Collections.shuffle(pieces, random);
        try (var pool = Executors.newFixedThreadPool(4);
                var arrival = store.arrive(Bytes.request(body), landing -> {
                    var writes = new ArrayList<Future<?>>();
                    for (var piece : pieces) {
                        writes.add(pool.submit(() -> {
                            landing.write(piece.from(), slice(body, piece));
                            return piece;
                        }));
                    }
                    for (var write : writes) {
                        try {
                            write.get();
                        } catch (java.util.concurrent.ExecutionException e) {
                            throw new IOException(e);
                        }
                    }
                })) {
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
            assertThat(arrival.await()).isEqualTo(new Verdict.Verified(body.length));
        }
        assertStored(body);
    }

    @Test
    void aReaderSeesBytesWhileTheRestIsStillArriving() throws Exception {
        var body = Bytes.random(2, 20_000);
        var more = new CountDownLatch(1);
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.write(0, slice(body, new ByteRange(0, 5_000)));
            landing.write(15_000, slice(body, new ByteRange(15_000, 20_000)));
            more.await();
            landing.write(5_000, slice(body, new ByteRange(5_000, 15_000)));
        })) {
            assertThat(read(arrival, 0, 5_000)).isEqualTo(Arrays.copyOfRange(body, 0, 5_000));
            assertThat(read(arrival, 16_000, 4_000)).isEqualTo(Arrays.copyOfRange(body, 16_000, 20_000));
            assertThat(arrival.available()).isEqualTo(5_000);
            assertThat(arrival.available(15_000)).isEqualTo(5_000);
            assertThat(arrival.verdict()).isNotDone();
            assertThat(store.open(arrival.digest())).isEmpty();
            more.countDown();
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
        }
    }

    @Test
    void theSizeMayBecomeKnownOnlyAtTheEnd() throws Exception {
        var body = Bytes.random(3, 10_000);
        try (var arrival = store.arrive(Bytes.requestWithoutSize(body), landing -> {
            assertThat(landing.size()).isEmpty();
            assertThat(landing.missing()).containsExactly(new ByteRange(0, Long.MAX_VALUE));
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
            assertThat(arrival.size()).hasValue(body.length);
        }
    }

    @Test
    void twoAskersShareOneFetch() throws Exception {
        var body = Bytes.random(4, 50_000);
        var fetches = new AtomicInteger();
        var go = new CountDownLatch(1);
        int askers = 32;
        var results = new ArrayList<Future<byte[]>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < askers; i++) {
                results.add(threads.submit(() -> {
                    try (var arrival = store.arrive(Bytes.request(body), landing -> {
                        fetches.incrementAndGet();
                        go.await();
                        landing.write(0, ByteBuffer.wrap(body));
                    })) {
                        go.countDown();
                        var all = Bytes.readAll(arrival);
                        assertThat(arrival.awaitVerified()).isEqualTo(body.length);
                        return all;
                    }
                }));
            }
            for (var result : results) {
                assertThat(result.get()).isEqualTo(body);
            }
        }
        assertThat(fetches).hasValue(1);
    }

    @Test
    void aStoredBlobIsNotFetchedAgain() throws Exception {
        var body = Bytes.random(5, 1_000);
        store.put(Bytes.request(body), ByteBuffer.wrap(body));
        try (var arrival = store.arrive(Bytes.request(body), _ -> {
            throw new AssertionError("fetched again");
        })) {
            assertThat(arrival.verdict()).isCompletedWithValue(new Verdict.Verified(1_000));
            assertThat(arrival.size()).hasValue(1_000);
            assertThat(arrival.available()).isEqualTo(1_000);
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
            assertThat(arrival.progress().landed()).isEqualTo(1_000);
        }
    }

    @Test
    void aFetchSurvivesItsFirstAsker() throws Exception {
        var body = Bytes.random(6, 1_000);
        var go = new CountDownLatch(1);
        var first = store.arrive(Bytes.request(body), landing -> {
            go.await();
            landing.write(0, ByteBuffer.wrap(body));
        });
        try (var second = store.arrive(Bytes.request(body), BlobStoreContract::never)) {
            first.close();
            first.close();
            await().during(Duration.ofMillis(GRACE_MS * 2))
                    .until(() -> !second.verdict().isDone());
            go.countDown();
            assertThat(second.awaitVerified()).isEqualTo(1_000);
        }
        assertStored(body);
    }

    @Test
    void anAskerWithinTheGraceKeepsTheFetch() throws Exception {
        var body = Bytes.random(7, 1_000);
        var go = new CountDownLatch(1);
        store.arrive(Bytes.request(body), landing -> {
                    go.await();
                    landing.write(0, ByteBuffer.wrap(body));
                })
                .close();
        try (var again = store.arrive(Bytes.request(body), BlobStoreContract::never)) {
            await().during(Duration.ofMillis(GRACE_MS * 2))
                    .until(() -> !again.verdict().isDone());
            go.countDown();
            assertThat(again.awaitVerified()).isEqualTo(1_000);
        }
    }

    @Test
    void aFetchNobodyAsksForIsInterruptedAfterTheGraceAndResumes() throws Exception {
        var body = Bytes.random(8, 1_000);
        var interrupted = new CompletableFuture<Boolean>();
        var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.write(100, slice(body, new ByteRange(100, 300)));
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.complete(true);
                throw e;
            }
        });
        read(arrival, 100, 200);
        arrival.close();
        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(arrival.verdict().get(10, TimeUnit.SECONDS)).isInstanceOf(Verdict.Failed.class);
        var missing = new AtomicReference<List<ByteRange>>();
        try (var again = store.arrive(Bytes.request(body), landing -> {
            missing.set(landing.missing());
            for (var range : landing.missing()) {
                landing.write(range.from(), slice(body, range));
            }
        })) {
            assertThat(again.awaitVerified()).isEqualTo(1_000);
            assertThat(again.progress().resumed()).isEqualTo(200);
        }
        assertThat(missing.get()).containsExactly(new ByteRange(0, 100), new ByteRange(300, 1_000));
        assertStored(body);
    }

    @Test
    void wrongBytesAreRejectedAndNothingOfThemStays() throws Exception {
        var body = Bytes.random(9, 10_000);
        var wrong = body.clone();
        wrong[5_000] ^= 1;
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.source("evil.test");
            landing.write(0, ByteBuffer.wrap(wrong));
        })) {
            assertThat(arrival.await())
                    .isInstanceOfSatisfying(
                            Verdict.Rejected.class,
                            rejected -> assertThat(rejected.reason()).contains("digest mismatch", "evil.test"));
            assertThatThrownBy(() -> arrival.read(0, ByteBuffer.allocate(10)))
                    .isInstanceOfSatisfying(
                            ArrivalFailedException.class,
                            e -> assertThat(e.code().name()).isEqualTo("DATA_LOSS"))
                    .hasMessageContaining(arrival.digest().toString());
        }
        assertThat(store.open(Bytes.digest(body))).isEmpty();
        try (var again = store.arrive(Bytes.request(body), landing -> {
            assertThat(landing.missing()).containsExactly(new ByteRange(0, 10_000));
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            assertThat(again.awaitVerified()).isEqualTo(10_000);
        }
    }

    @Test
    void aSourceThatContradictsTheSizeIsRejected() throws Exception {
        var body = Bytes.random(10, 1_000);
        try (var arrival = store.arrive(Bytes.request(body), landing -> landing.size(1_001))) {
            assertThat(arrival.await()).isInstanceOf(Verdict.Rejected.class);
        }
        try (var arrival = store.arrive(Bytes.request(body), landing -> landing.write(999, ByteBuffer.allocate(2)))) {
            assertThat(arrival.await()).isInstanceOf(Verdict.Rejected.class);
        }
    }

    @Test
    void aFetchMayGoOnWithAnotherSourceAfterAContradiction() throws Exception {
        var body = Bytes.random(11, 1_000);
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            assertThatThrownBy(() -> landing.size(7)).isInstanceOf(SizeMismatchException.class);
            assertThatThrownBy(() -> landing.write(900, ByteBuffer.allocate(200)))
                    .isInstanceOf(SizeMismatchException.class);
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            assertThat(arrival.awaitVerified()).isEqualTo(1_000);
        }
    }

    @Test
    void aJoinerWithAnotherSizeIsTold() throws Exception {
        var body = Bytes.random(12, 1_000);
        var other = new ArrivalRequest(
                Bytes.digest(body), OptionalLong.of(5), Provenance.publicly("registry.test", "a/b"), "test");
        var go = new CountDownLatch(1);
        try (var first = store.arrive(Bytes.request(body), landing -> {
                    go.await();
                    landing.write(0, ByteBuffer.wrap(body));
                });
                var second = store.arrive(other, _ -> {})) {
            go.countDown();
            assertThat(first.await()).isInstanceOf(Verdict.Verified.class);
            assertThat(second.await()).isInstanceOf(Verdict.Rejected.class);
        }
        try (var stored = store.arrive(other, _ -> {})) {
            assertThat(stored.await()).isInstanceOf(Verdict.Rejected.class);
        }
    }

    @Test
    void bytesThatHaveLandedAreNeverOverwritten() throws Exception {
        var body = Bytes.random(13, 1_000);
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.write(200, slice(body, new ByteRange(200, 600)));
            landing.write(200, ByteBuffer.allocate(400));
            var overlapping = body.clone();
            Arrays.fill(overlapping, 200, 600, (byte) 0);
            landing.write(0, ByteBuffer.wrap(overlapping));
        })) {
            assertThat(arrival.awaitVerified()).isEqualTo(1_000);
        }
        assertStored(body);
    }

    @Test
    void aFailedFetchFailsEveryFollowerAndKeepsWhatLanded() throws Exception {
        var body = Bytes.random(14, 1_000);
        var cause = new IOException("connection reset");
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.write(0, slice(body, new ByteRange(0, 400)));
            throw cause;
        })) {
            assertThatThrownBy(() -> Bytes.readAll(arrival))
                    .isInstanceOf(ArrivalFailedException.class)
                    .hasMessageContaining("connection reset")
                    .hasCause(cause);
            assertThat(arrival.await()).isEqualTo(new Verdict.Failed(cause));
        }
        try (var again = store.arrive(Bytes.request(body), landing -> {
            assertThat(landing.missing()).containsExactly(new ByteRange(400, 1_000));
            landing.write(400, slice(body, new ByteRange(400, 1_000)));
        })) {
            assertThat(again.awaitVerified()).isEqualTo(1_000);
        }
    }

    @Test
    void aFetchThatEndsShortFails() throws Exception {
        var body = Bytes.random(15, 1_000);
        try (var arrival =
                store.arrive(Bytes.request(body), landing -> landing.write(0, slice(body, new ByteRange(0, 999))))) {
            assertThat(arrival.await())
                    .isInstanceOfSatisfying(
                            Verdict.Failed.class,
                            failed -> assertThat(failed.cause()).hasMessageContaining("999 of 1000"));
        }
    }

    @Test
    void aLandingIsDeadAfterItsFetch() throws Exception {
        var body = Bytes.random(16, 10);
        var kept = new AtomicReference<io.slipway.cas.Landing>();
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            kept.set(landing);
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            arrival.awaitVerified();
            assertThatThrownBy(() -> kept.get().write(0, ByteBuffer.allocate(1)))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void interruptingAReaderHarmsNobodyElse() throws Exception {
        var body = Bytes.random(17, 1_000);
        var go = new CountDownLatch(1);
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            go.await();
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            var caught = new CompletableFuture<Throwable>();
            var reader = Thread.ofVirtual().start(() -> {
                try {
                    arrival.read(0, ByteBuffer.allocate(1));
                } catch (Throwable e) {
                    caught.complete(e);
                }
            });
            reader.interrupt();
            assertThat(caught.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
            go.countDown();
            assertThat(Bytes.readAll(arrival)).isEqualTo(body);
        }
    }

    @Test
    void whatReadersWaitForIsWantedFirst() throws Exception {
        var body = Bytes.random(18, 10_000);
        var wanted = new CompletableFuture<List<ByteRange>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor();
                var arrival = store.arrive(Bytes.request(body), landing -> {
                    await().until(() -> landing.wanted().equals(java.util.Optional.of(new ByteRange(4_000, 10_000))));
                    landing.write(4_000, slice(body, new ByteRange(4_000, 10_000)));
                    var first = landing.wanted().orElseThrow();
                    landing.write(first.from(), slice(body, first));
                    var second = landing.wanted().orElseThrow();
                    landing.write(0, ByteBuffer.wrap(body));
                    wanted.complete(List.of(first, second));
                })) {
            arrival.want(new ByteRange(100, 200), Priority.AHEAD);
            arrival.want(new ByteRange(300, 400), Priority.SOON);
            var read = threads.submit(() -> arrival.read(4_000, ByteBuffer.allocate(1)));
            assertThat(read.get()).isEqualTo(1);
            assertThat(wanted.get(10, TimeUnit.SECONDS))
                    .containsExactly(new ByteRange(300, 400), new ByteRange(100, 200));
        }
    }

    @Test
    void anOpenBlobReadsAnywhere() throws Exception {
        var body = Bytes.random(19, 1_000);
        store.put(Bytes.request(body), ByteBuffer.wrap(body));
        try (var blob = store.open(Bytes.digest(body)).orElseThrow()) {
            var buffer = ByteBuffer.allocate(100);
            assertThat(blob.read(950, buffer)).isEqualTo(50);
            assertThat(Arrays.copyOf(buffer.array(), 50)).isEqualTo(Arrays.copyOfRange(body, 950, 1_000));
            assertThat(blob.read(1_000, buffer.clear())).isEqualTo(-1);
        }
    }

    @Test
    void aClosedHandleReadsNoMore() throws Exception {
        var body = Bytes.random(20, 10);
        var go = new CountDownLatch(1);
        var arrival = store.arrive(Bytes.request(body), landing -> {
            go.await();
            landing.write(0, ByteBuffer.wrap(body));
        });
        arrival.close();
        assertThatThrownBy(() -> arrival.read(0, ByteBuffer.allocate(1))).isInstanceOf(IOException.class);
        go.countDown();
    }

    @Test
    void anotherOriginFetchesForItself() throws Exception {
        var body = Bytes.random(21, 1_000);
        var rubbish = new CountDownLatch(1);
        var end = new CountDownLatch(1);
        try (var bad = store.arrive(from("bad.test", body), landing -> {
            landing.size(1_000);
            landing.write(0, ByteBuffer.allocate(300));
            rubbish.countDown();
            end.await();
            landing.write(300, ByteBuffer.allocate(700));
        })) {
            rubbish.await();
            assertThat(bad.origin()).isEqualTo("bad.test");
            try (var good = store.arrive(from("good.test", body), landing -> landing.write(0, ByteBuffer.wrap(body)))) {
                assertThat(good.awaitVerified()).isEqualTo(1_000);
                assertThat(Bytes.readAll(good)).isEqualTo(body);
            }
            end.countDown();
            assertThat(bad.await()).isInstanceOf(Verdict.Rejected.class);
        }
        assertStored(body);
    }

    @Test
    void twoOriginsMayBringTheSameBlobAtOnce() throws Exception {
        var body = Bytes.random(22, 1_000);
        var go = new CountDownLatch(1);
        Fetch fetch = landing -> {
            go.await();
            landing.write(0, ByteBuffer.wrap(body));
        };
        try (var one = store.arrive(from("one.test", body), fetch);
                var two = store.arrive(from("two.test", body), fetch)) {
            go.countDown();
            assertThat(one.awaitVerified()).isEqualTo(1_000);
            assertThat(two.awaitVerified()).isEqualTo(1_000);
            assertThat(Bytes.readAll(one)).isEqualTo(body);
            assertThat(Bytes.readAll(two)).isEqualTo(body);
        }
        assertStored(body);
    }

    @Test
    void bytesOfAnotherOriginAreNotResumed() throws Exception {
        var body = Bytes.random(23, 1_000);
        try (var bad = store.arrive(from("bad.test", body), landing -> {
            landing.write(0, ByteBuffer.allocate(300));
            throw new IOException("stalled");
        })) {
            assertThat(bad.await()).isInstanceOf(Verdict.Failed.class);
        }
        try (var good = store.arrive(from("good.test", body), landing -> {
            assertThat(landing.missing()).containsExactly(new ByteRange(0, Long.MAX_VALUE));
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            assertThat(good.awaitVerified()).isEqualTo(1_000);
            assertThat(good.progress().resumed()).isZero();
        }
    }

    @Test
    void whenAFetchFailsTheNextAskersBringsTheRest() throws Exception {
        var body = Bytes.random(24, 1_000);
        var fail = new CountDownLatch(1);
        var missing = new AtomicReference<List<ByteRange>>();
        try (var first = store.arrive(at("a/private", body), landing -> {
            landing.write(0, slice(body, new ByteRange(0, 400)));
            fail.await();
            throw new IOException("refused");
        })) {
            var same = store.arrive(at("a/private", body), BlobStoreContract::never);
            var next = store.arrive(at("a/public", body), landing -> {
                missing.set(landing.missing());
                landing.write(400, slice(body, new ByteRange(400, 1_000)));
            });
            fail.countDown();
            assertThat(first.await()).isInstanceOf(Verdict.Failed.class);
            assertThat(same.await()).isInstanceOf(Verdict.Failed.class);
            assertThatThrownBy(() -> read(same, 0, 10)).hasMessageContaining("refused");
            assertThat(next.awaitVerified()).isEqualTo(1_000);
            assertThat(Bytes.readAll(next)).isEqualTo(body);
            assertThat(missing.get()).containsExactly(new ByteRange(400, 1_000));
            same.close();
            next.close();
        }
        assertStored(body);
    }

    @Test
    void whoHasLeftIsNotWaitedFor() throws Exception {
        var body = Bytes.random(25, 1_000);
        var fail = new CountDownLatch(1);
        try (var first = store.arrive(at("a/one", body), landing -> {
            fail.await();
            throw new IOException("refused");
        })) {
            store.arrive(at("a/two", body), BlobStoreContract::never).close();
            fail.countDown();
            assertThat(first.await()).isInstanceOf(Verdict.Failed.class);
        }
    }

    @Test
    void anAskersLieAboutTheSizeHarmsNobodyElse() throws Exception {
        var body = Bytes.random(26, 1_000);
        var lie = new ArrivalRequest(
                Bytes.digest(body), OptionalLong.of(7), Provenance.publicly("registry.test", "evil/x"), "test");
        var joined = new CountDownLatch(1);
        Fetch fetch = landing -> {
            joined.await();
            landing.size(1_000);
            for (var range : landing.missing()) {
                landing.write(range.from(), slice(body, range));
            }
        };
        try (var liar = store.arrive(lie, fetch);
                var honest = store.arrive(Bytes.request(body), fetch)) {
            joined.countDown();
            assertThat(liar.await()).isInstanceOf(Verdict.Rejected.class);
            assertThat(honest.awaitVerified()).isEqualTo(1_000);
            assertThat(Bytes.readAll(honest)).isEqualTo(body);
        }
    }

    @Test
    void anArrivalSaysWhoLetItsBytesBeRead() throws Exception {
        var body = Bytes.random(27, 1_000);
        var fail = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var third = new AtomicReference<Provenance>();
        try (var first = store.arrive(at("a/one", body), landing -> {
                    landing.write(0, slice(body, new ByteRange(0, 10)));
                    fail.await();
                    throw new IOException("refused");
                });
                var second = store.arrive(at("a/two", body), landing -> {
                    try (var late = store.arrive(at("a/three", body), BlobStoreContract::never)) {
                        third.set(late.provenance().join());
                    }
                    go.await();
                    throw new IOException("given up");
                })) {
            var one = Provenance.publicly("registry.test", "a/one");
            assertThat(first.provenance().get(10, TimeUnit.SECONDS)).isEqualTo(one);
            assertThat(second.provenance().get(10, TimeUnit.SECONDS)).isEqualTo(one);
            fail.countDown();
            await().until(() -> third.get() != null);
            assertThat(third.get()).isEqualTo(Provenance.UNKNOWN);
            go.countDown();
            assertThat(second.await()).isInstanceOf(Verdict.Failed.class);
        }
        try (var resumed =
                store.arrive(at("a/one", body), landing -> landing.write(10, slice(body, new ByteRange(10, 1_000))))) {
            assertThat(resumed.provenance().get(10, TimeUnit.SECONDS)).isEqualTo(Provenance.UNKNOWN);
            assertThat(resumed.awaitVerified()).isEqualTo(1_000);
        }
        try (var stored = store.arrive(at("a/one", body), BlobStoreContract::never)) {
            assertThat(stored.provenance().get(10, TimeUnit.SECONDS)).isEqualTo(Provenance.UNKNOWN);
            assertThat(stored.origin()).isEmpty();
        }
    }

    @Test
    void doubtedBytesAreNotResumed() throws Exception {
        var body = Bytes.random(28, 1_000);
        var doubted = new CountDownLatch(1);
        try (var arrival = store.arrive(Bytes.request(body), landing -> {
            landing.write(0, ByteBuffer.allocate(300));
            doubted.await();
            throw new IOException("stalled");
        })) {
            arrival.doubt();
            doubted.countDown();
            assertThat(arrival.await()).isInstanceOf(Verdict.Failed.class);
        }
        try (var again = store.arrive(Bytes.request(body), landing -> {
            assertThat(landing.missing()).containsExactly(new ByteRange(0, 1_000));
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            again.doubt();
            assertThat(again.awaitVerified()).isEqualTo(1_000);
        }
        assertStored(body);
    }

    private static void never(Landing landing) {
        throw new AssertionError(landing.digest() + " is fetched although nobody needs that");
    }

    private static ArrivalRequest from(String origin, byte[] body) {
        return new ArrivalRequest(Bytes.digest(body), OptionalLong.empty(), Provenance.publicly(origin, "a/b"), "test");
    }

    private static ArrivalRequest at(String repository, byte[] body) {
        return new ArrivalRequest(
                Bytes.digest(body),
                OptionalLong.of(body.length),
                Provenance.publicly("registry.test", repository),
                "test");
    }

    protected void assertStored(byte[] body) throws IOException {
        try (var blob = store.open(Bytes.digest(body)).orElseThrow()) {
            assertThat(blob.size()).isEqualTo(body.length);
            var buffer = ByteBuffer.allocate(body.length + 1);
            while (blob.read(buffer.position(), buffer) > 0) {
                // until the end
            }
            assertThat(Arrays.copyOf(buffer.array(), buffer.position())).isEqualTo(body);
        }
    }

    protected static ByteBuffer slice(byte[] body, ByteRange range) {
        return ByteBuffer.wrap(body, (int) range.from(), (int) range.length());
    }

    protected static byte[] read(Arrival arrival, long from, int length) throws IOException, InterruptedException {
        var buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            if (arrival.read(from + buffer.position(), buffer) < 0) {
                break;
            }
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }
}
