package io.slipway.cas.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.CacheLimits;
import io.slipway.cas.Cas;
import io.slipway.cas.Digest;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class CacheBoundTest {

    private static final int EACH = 1_000;

    @TempDir
    private Path root;

    private TestCas store;
    private Cas cas;
    private List<Digest> cached;
    private long free = 10_000;

    @BeforeEach
    void fill() throws Exception {
        store = new TestCas(root);
        cas = store.cas();
        cached = Stream.of(1, 2, 3, 4).map(this::cache).toList();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Digest cache(int seed) {
        var body = Bytes.random(seed, EACH);
        try (var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
            arrival.awaitVerified();
            cas.cacheIndex().admit(arrival.digest(), Map.of());
            store.advance(Duration.ofMinutes(1));
            return arrival.digest();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private long look(CacheLimits limits) throws IOException {
        var space = new CacheBound.Space() {
            @Override
            public long capacity() {
                return 100_000;
            }

            @Override
            public long free() {
                return free;
            }
        };
        return new CacheBound(cas.cacheIndex(), cas.collector(), limits, space).look();
    }

    private List<Boolean> stored() throws IOException {
        return List.of(
                store.stored(cached.get(0)),
                store.stored(cached.get(1)),
                store.stored(cached.get(2)),
                store.stored(cached.get(3)));
    }

    @Test
    void withoutLimitsNothingGoes() throws Exception {
        assertThat(look(CacheLimits.NONE)).isZero();
        assertThat(stored()).containsExactly(true, true, true, true);
    }

    @Test
    void aboveTheBoundTheLeastRecentlyUsedGo() throws Exception {
        cas.contents().touch(cached.getFirst());
        assertThat(look(new CacheLimits(2_500, _ -> 0))).isEqualTo(2 * EACH);
        assertThat(stored()).containsExactly(true, false, false, true);
    }

    @Test
    void withTooLittleFreeSpaceEnoughGoes() throws Exception {
        free = 8_500;
        assertThat(look(new CacheLimits(0, capacity -> capacity / 10))).isEqualTo(2 * EACH);
        assertThat(stored()).containsExactly(false, false, true, true);
        free = 10_000;
        assertThat(look(new CacheLimits(0, capacity -> capacity / 10))).isZero();
    }

    @Test
    void whatIsOpenStaysAndTheNextGoesInItsPlace() throws Exception {
        try (var _ = cas.blobs().open(cached.getFirst()).orElseThrow()) {
            assertThat(look(new CacheLimits(3_000, _ -> 0))).isEqualTo(EACH);
        }
        assertThat(stored()).containsExactly(true, false, true, true);
    }

    @Test
    void whatAnotherNamespaceHasIsNotGivenUpForSpaceItWouldNotFree() throws Exception {
        cas.contents().link("k8s.io", cached.getFirst(), Map.of("containerd.io/gc.root", "now"), Optional.empty());
        free = 9_500;
        assertThat(look(new CacheLimits(0, capacity -> capacity / 10))).isEqualTo(EACH);
        assertThat(stored()).containsExactly(true, false, true, true);
        assertThat(cas.cacheIndex().contains(cached.getFirst())).isTrue();
    }

    @Test
    void whatALeaseHoldsIsNotRemovedThoughItIsNoLongerCached() throws Exception {
        var lease = cas.leases().create("k8s.io", Optional.of("l"), Map.of());
        cas.contents().link("k8s.io", cached.getFirst(), Map.of(), Optional.of(lease.id()));
        assertThat(look(new CacheLimits(1, _ -> 0))).isEqualTo(4 * EACH);
        assertThat(stored()).containsExactly(true, false, false, false);
    }
}
