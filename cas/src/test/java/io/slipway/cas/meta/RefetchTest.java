package io.slipway.cas.meta;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Inspection.Amount;
import io.slipway.cas.Inspection.Finding;
import io.slipway.cas.Inspection.ScrubEvents;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Provenance;
import io.slipway.cas.Refetch;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the disk has spoiled comes back by itself, as long as something needs it and its registry has it.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class RefetchTest {

    private static final byte[] LAYER = Bytes.random(1, 300_000);
    private static final byte[] MANIFEST = Bytes.random(2, 3_000);

    /// A bound for what hangs.
    private static final Duration LIMIT = Duration.ofSeconds(50);

    @TempDir
    private Path root;

    private TestCas store;
    private final Registry registry = new Registry();

    /// What it has, and what was asked.
    private final class Registry implements Refetch {
        private final Map<Digest, byte[]> has = new HashMap<>();
        private final List<Wanted> asked = new CopyOnWriteArrayList<>();
        private volatile boolean down;

        @Override
        public Arrival fetch(Wanted wanted, Provenance source) throws IOException {
            asked.add(wanted);
            var body = has.get(wanted.digest());
            if (down || body == null) {
                throw new IOException("registry is down");
            }
            var request = new ArrivalRequest(wanted.digest(), wanted.size(), source, "again");
            return store.cas().blobs().arriveWith(request, ByteBuffer.wrap(body));
        }
    }

    @BeforeEach
    void open() throws Exception {
        store = new TestCas(root);
        store.cas().refetchWith(registry);
        registry.has.put(Bytes.digest(LAYER), LAYER);
        registry.has.put(Bytes.digest(MANIFEST), MANIFEST);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void image(String namespace) throws Exception {
        var layer = store.add(namespace, LAYER, Map.of("of", namespace), Optional.empty());
        var manifest = store.add(
                namespace, MANIFEST, Map.of(GcLabels.REF_CONTENT + ".l.0", layer.toString()), Optional.empty());
        store.cas().images().put(namespace, "a", descriptor(manifest, MANIFEST.length), Map.of(), Optional.empty());
    }

    private void spoil(byte[] body) throws IOException {
        var file =
                root.resolve("content/blobs/sha256").resolve(Bytes.digest(body).hex());
        var bytes = body.clone();
        bytes[7] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);
    }

    private static class Heard implements ScrubEvents {
        private final List<Finding> bad = new ArrayList<>();

        @Override
        public void progress(Amount done, Amount all) {}

        @Override
        public void bad(Finding finding) {
            bad.add(finding);
        }
    }

    private void awaitWhole(byte[] body) {
        Awaitility.await("it is whole again").atMost(LIMIT).untilAsserted(() -> {
            assertThat(store.stored(Bytes.digest(body))).isTrue();
            try (var blob = store.cas().blobs().open(Bytes.digest(body)).orElseThrow()) {
                var read = ByteBuffer.allocate(body.length);
                while (read.hasRemaining() && blob.read(read.position(), read) > 0) {
                    // On.
                }
                assertThat(read.array()).isEqualTo(body);
            }
        });
    }

    @Test
    void whatAScrubFindsIsFetchedAgainForAllWhoSawIt() throws Exception {
        image(NS);
        image("k8s.io");
        spoil(LAYER);
        var heard = new Heard();
        var scrubbed = store.cas().inspection().scrub(OptionalLong.of(1L << 40), heard);
        assertThat(scrubbed.bad()).isEqualTo(1);
        assertThat(scrubbed.done().count()).isEqualTo(2);
        assertThat(heard.bad)
                .singleElement()
                .extracting(Finding::object)
                .isEqualTo(Bytes.digest(LAYER).toString());
        awaitWhole(LAYER);
        for (var namespace : List.of(NS, "k8s.io")) {
            Awaitility.await("seen again")
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(store.cas().contents().info(namespace, Bytes.digest(LAYER)))
                            .hasValueSatisfying(
                                    info -> assertThat(info.labels()).containsEntry("of", namespace)));
        }
        assertThat(registry.asked)
                .containsExactly(new Refetch.Wanted(Bytes.digest(LAYER), OptionalLong.of(LAYER.length), false));
        assertThat(store.cas().inspection().check(true, false, _ -> {}).findings())
                .isZero();
    }

    @Test
    void aManifestIsAskedForAsOne() throws Exception {
        image(NS);
        spoil(MANIFEST);
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
        awaitWhole(MANIFEST);
        assertThat(registry.asked)
                .allSatisfy(wanted -> assertThat(wanted.document()).isTrue());
    }

    @Test
    void aReaderThatHasItOpenKeepsItsBytes() throws Exception {
        image(NS);
        spoil(LAYER);
        try (var reader = store.cas().blobs().open(Bytes.digest(LAYER)).orElseThrow()) {
            var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
            awaitWhole(LAYER);
            var read = ByteBuffer.allocate(LAYER.length);
            while (read.hasRemaining() && reader.read(read.position(), read) > 0) {
                // On.
            }
            assertThat(read.hasRemaining()).isFalse();
        }
    }

    @Test
    void whatARegistryRefusesIsTriedAgainAndStaysListedUntilThen() throws Exception {
        image(NS);
        spoil(LAYER);
        registry.down = true;
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
        Awaitility.await("asked").atMost(LIMIT).until(() -> !registry.asked.isEmpty());
        assertThat(store.cas()
                        .inspection()
                        .why(Bytes.digest(LAYER))
                        .orElseThrow()
                        .lostBy())
                .containsExactly(NS);
        registry.down = false;
        awaitWhole(LAYER);
        assertThat(registry.asked.size()).isGreaterThan(1);
    }

    @Test
    void whatAnEarlierRunLostIsTriedAtTheNextStart() throws Exception {
        image(NS);
        spoil(LAYER);
        registry.down = true;
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
        Awaitility.await("asked").atMost(LIMIT).until(() -> !registry.asked.isEmpty());
        store.close();
        store = new TestCas(root);
        registry.down = false;
        store.cas().refetchWith(registry);
        awaitWhole(LAYER);
    }

    @Test
    void whatNothingNeedsOrOnlyTheMirrorHadIsNotFetched() throws Exception {
        image(NS);
        var loose = Bytes.random(5, 1_000);
        registry.has.put(Bytes.digest(loose), loose);
        store.add(Namespaces.MIRROR, loose, Map.of(), Optional.empty());
        store.cas().cacheIndex().admit(Bytes.digest(loose), Map.of());
        spoil(loose);
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
        spoil(LAYER);
        store.cas().images().delete(NS, "a", Optional.empty(), false);
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard());
        store.cas().collector().collect();
        assertThat(registry.asked)
                .noneSatisfy(wanted -> assertThat(wanted.digest()).isEqualTo(Bytes.digest(loose)));
    }

    @Test
    void aReaderWhoDoubtsItHasItReadAgain() throws Exception {
        image(NS);
        spoil(LAYER);
        try (var arrival = store.cas().blobs().arrive(Bytes.request(LAYER), _ -> {
            throw new IOException("it is stored");
        })) {
            arrival.doubt();
        }
        Awaitility.await("fetched again").atMost(LIMIT).until(() -> !registry.asked.isEmpty());
        awaitWhole(LAYER);
        try (var arrival = store.cas().blobs().arrive(Bytes.request(MANIFEST), _ -> {
            throw new IOException("it is stored");
        })) {
            arrival.doubt();
        }
        assertThat(store.stored(Bytes.digest(MANIFEST)))
                .as("a word alone takes nothing away")
                .isTrue();
    }

    @Test
    void twoDoNotScrubAtOnce() throws Exception {
        image(NS);
        var refused = new CopyOnWriteArrayList<String>();
        spoil(LAYER);
        var _ = store.cas().inspection().scrub(OptionalLong.of(1L << 40), new Heard() {
            @Override
            public void bad(Finding finding) {
                try {
                    var _ = store.cas().inspection().scrub(OptionalLong.empty(), new Heard());
                } catch (ApiException e) {
                    refused.add(String.valueOf(e.getMessage()));
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        assertThat(refused).singleElement().asString().contains("somebody else asked for");
    }
}
