package io.slipway.cas.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.slipway.cas.Cas;
import io.slipway.cas.Digest;
import io.slipway.cas.GcNode;
import io.slipway.cas.Inspection;
import io.slipway.cas.Inspection.Finding;
import io.slipway.cas.Inspection.Step;
import io.slipway.cas.Inspection.Wrong;
import io.slipway.cas.Leases;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Provenance;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Why, usage and check, on a store with one image: a manifest that refers to a layer.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class InspectionTest {

    private static final String NS = TestCas.NS;
    private static final String LAYER_LABEL = "containerd.io/gc.ref.content.l.0";
    private static final byte[] LAYER = Bytes.random(1, 5_000_000);
    private static final byte[] MANIFEST = Bytes.random(2, 500);

    @TempDir
    private Path root;

    private TestCas store;
    private Cas cas;
    private Inspection inspection;
    private Digest layer;
    private Digest manifest;

    @BeforeEach
    void fill() throws Exception {
        store = new TestCas(root);
        cas = store.cas();
        inspection = cas.inspection();
        layer = store.add(NS, LAYER, Map.of(), Optional.empty());
        manifest = store.add(NS, MANIFEST, Map.of(LAYER_LABEL, layer.toString()), Optional.empty());
        image("lab/a:1", manifest, MANIFEST.length);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void image(String name, Digest target, long size) throws IOException {
        cas.images().create(NS, name, TestCas.descriptor(target, size), Map.of(), Optional.empty(), Optional.empty());
    }

    private Path file(Digest digest) {
        return root.resolve("content/blobs").resolve(digest.algorithm().id()).resolve(digest.hex());
    }

    private void spoil(Digest digest) throws IOException {
        var bytes = Files.readAllBytes(file(digest));
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file(digest));
        Files.write(file(digest), bytes);
    }

    private List<Finding> check(boolean deep, boolean repair) throws IOException, InterruptedException {
        var findings = new ArrayList<Finding>();
        var checked = inspection.check(deep, repair, findings::add);
        assertThat(checked.findings()).isEqualTo(findings.size());
        assertThat(checked.repaired())
                .isEqualTo(findings.stream().filter(Finding::repaired).count());
        return findings;
    }

    private static List<Wrong> kinds(List<Finding> findings) {
        return findings.stream().map(Finding::wrong).toList();
    }

    @Test
    void whyNamesEveryRootWithTheWayFromIt() throws Exception {
        var lease = cas.leases().create(NS, Optional.of("busy"), Map.of());
        cas.leases().add(NS, lease.id(), Leases.Resource.content(layer));
        cas.cacheIndex().admit(layer, Map.of());
        cas.contents().addProvenance(layer, Provenance.publicly("docker.io", "lab/a"));

        var why = inspection.why(layer).orElseThrow();

        assertThat(why.stored()).isTrue();
        assertThat(why.size()).isEqualTo(LAYER.length);
        assertThat(why.inUse()).isFalse();
        assertThat(why.namespaces()).containsExactly(NS, Namespaces.MIRROR);
        assertThat(why.sources()).contains(Provenance.publicly("docker.io", "lab/a"));
        assertThat(why.keepers().stream().map(Inspection.Keeper::path))
                .containsExactlyInAnyOrder(
                        List.of(
                                new Step(new GcNode(NS, GcNode.IMAGE, "lab/a:1"), ""),
                                new Step(GcNode.content(NS, manifest.toString()), "target"),
                                new Step(GcNode.content(NS, layer.toString()), LAYER_LABEL)),
                        List.of(
                                new Step(new GcNode(NS, GcNode.LEASE, "busy"), ""),
                                new Step(GcNode.content(NS, layer.toString()), "")),
                        List.of(
                                new Step(new GcNode(Namespaces.MIRROR, "cache", layer.toString()), ""),
                                new Step(GcNode.content(Namespaces.MIRROR, layer.toString()), "")));
    }

    @Test
    void whatIsOpenIsInUseAndWhatHasARootLabelKeepsItself() throws Exception {
        var own = store.add(NS, Bytes.random(3, 10), Map.of("containerd.io/gc.root", "x"), Optional.empty());
        try (var _ = cas.blobs().open(own).orElseThrow()) {
            var why = inspection.why(own).orElseThrow();
            assertThat(why.inUse()).isTrue();
            assertThat(why.keepers())
                    .containsExactly(new Inspection.Keeper(List.of(new Step(GcNode.content(NS, own.toString()), ""))));
        }
    }

    @Test
    void anArrivingBlobSaysHowFarItIsAndAnUnknownOneIsUnknown() throws Exception {
        var body = Bytes.random(4, 1_000);
        var request = Bytes.request(body);
        assertThat(inspection.why(request.digest())).isEmpty();
        var begun = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        try (var arrival = cas.blobs().arrive(request, landing -> {
            landing.write(0, ByteBuffer.wrap(body, 0, 400));
            begun.countDown();
            release.await();
            landing.write(400, ByteBuffer.wrap(body, 400, 600));
        })) {
            begun.await();
            var why = inspection.why(request.digest()).orElseThrow();
            assertThat(why.stored()).isFalse();
            assertThat(why.fetches())
                    .singleElement()
                    .satisfies(fetch -> assertThat(fetch.landed()).isEqualTo(400));
            release.countDown();
            arrival.awaitVerified();
        }
    }

    @Test
    void whyOfATargetThatIsNotThereNamesTheImage() throws Exception {
        var nowhere = Bytes.request(Bytes.random(5, 9)).digest();
        image("lab/b:1", nowhere, 9);
        var why = inspection.why(nowhere).orElseThrow();
        assertThat(why.stored()).isFalse();
        assertThat(why.keepers().getFirst().path().getFirst().node())
                .isEqualTo(new GcNode(NS, GcNode.IMAGE, "lab/b:1"));
    }

    @Test
    void usageCountsWhatIsSharedOnce() throws Exception {
        cas.contents().link("k8s.io", layer, Map.of(), Optional.empty());
        var usage = inspection.usage();
        long both = (long) LAYER.length + MANIFEST.length;
        assertThat(usage.blobs()).isEqualTo(new Inspection.Amount(2, both));
        assertThat(usage.namespaces())
                .contains(new Inspection.NamespaceUsage(
                        NS, new Inspection.Amount(2, both), new Inspection.Amount(1, MANIFEST.length)));
        assertThat(usage.cache()).isEqualTo(new Inspection.Amount(0, 0));
        assertThat(usage.ingests()).isEqualTo(new Inspection.Amount(0, 0));
        assertThat(usage.free()).isPositive();
    }

    @Test
    void aSoundStoreHasNoFindings() throws Exception {
        assertThat(check(true, true)).isEmpty();
        assertThat(store.stored(layer)).isTrue();
    }

    @Test
    void onlyADeepCheckSeesBytesThatAreBad() throws Exception {
        spoil(layer);
        assertThat(check(false, false)).isEmpty();
        assertThat(check(true, false)).singleElement().satisfies(finding -> {
            assertThat(finding.wrong()).isEqualTo(Wrong.CORRUPT);
            assertThat(finding.object()).isEqualTo(layer.toString());
            assertThat(finding.repaired()).isFalse();
        });
        assertThat(store.stored(layer)).as("nothing is changed unasked").isTrue();
    }

    @Test
    void repairPutsABadBlobAsideAndItIsFetchedAgain() throws Exception {
        spoil(layer);
        try (var reader = cas.blobs().open(layer).orElseThrow()) {
            assertThat(kinds(check(true, true))).containsExactly(Wrong.CORRUPT);
            assertThat(reader.read(0, ByteBuffer.allocate(100)))
                    .as("who has it open keeps it")
                    .isEqualTo(100);
        }
        assertThat(store.stored(layer)).isFalse();
        assertThat(cas.contents().info(NS, layer)).isEmpty();
        assertThat(inspection.usage().quarantine()).isEqualTo(new Inspection.Amount(1, LAYER.length));
        var why = inspection.why(layer).orElseThrow();
        assertThat(why.stored()).isFalse();
        assertThat(why.lostBy()).containsExactly(NS);
        assertThat(store.events).contains(NS + " /content/delete");
        assertThat(check(true, true)).isEmpty();

        store.add(NS, LAYER, Map.of(), Optional.empty());
        assertThat(inspection.why(layer).orElseThrow().lostBy()).isEmpty();
        assertThat(check(true, false)).isEmpty();
    }

    @Test
    void aLostManifestGoesOnKeepingItsLayerAndGetsItsLabelsBack() throws Exception {
        cas.contents().addProvenance(manifest, Provenance.publicly("docker.io", "lab/a"));
        Files.delete(file(manifest));
        assertThat(kinds(check(false, true))).containsExactly(Wrong.MISSING);
        cas.collector().collect();
        assertThat(store.stored(layer)).isTrue();
        assertThat(cas.contents().provenance(manifest))
                .as("of what is not stored")
                .isEmpty();
        assertThat(inspection.why(manifest).orElseThrow().sources())
                .contains(Provenance.publicly("docker.io", "lab/a"));

        store.add(NS, MANIFEST, Map.of(), Optional.empty());
        assertThat(cas.contents().info(NS, manifest).orElseThrow().labels())
                .containsEntry(LAYER_LABEL, layer.toString());
    }

    @Test
    void whatIsLostAndNotWantedAnyMoreIsForgotten() throws Exception {
        Files.delete(file(manifest));
        check(false, true);
        cas.images().delete(NS, "lab/a:1", Optional.empty(), true);
        assertThat(inspection.why(manifest)).isEmpty();
        assertThat(store.stored(layer)).isFalse();
    }

    @Test
    void aFileOfAnotherSizeIsBadWithoutReadingIt() throws Exception {
        Files.delete(file(manifest));
        Files.write(file(manifest), new byte[3]);
        assertThat(kinds(check(false, false))).containsExactly(Wrong.WRONG_SIZE);
        assertThat(kinds(check(false, true))).containsExactly(Wrong.WRONG_SIZE);
        assertThat(store.stored(manifest)).isFalse();
    }

    @Test
    void filesWithoutRecordGoAndStrangersStay() throws Exception {
        var body = Bytes.random(6, 100);
        var unknown = Bytes.request(body).digest();
        Files.write(file(unknown), body);
        Files.writeString(root.resolve("content/blobs/sha256/README"), "mine");
        assertThat(kinds(check(false, false))).containsExactlyInAnyOrder(Wrong.STRAY, Wrong.UNRECORDED);
        assertThat(file(unknown)).exists();
        assertThat(check(false, true))
                .extracting(Finding::wrong, Finding::repaired)
                .containsExactlyInAnyOrder(tuple(Wrong.STRAY, false), tuple(Wrong.UNRECORDED, true));
        assertThat(file(unknown)).doesNotExist();
        assertThat(root.resolve("content/blobs/sha256/README")).exists();
    }

    @Test
    void theQuarantineKeepsNoMoreThanItsBound() throws Exception {
        var labels = Map.of("containerd.io/gc.root", "x");
        for (int i = 0; i < 35; i++) {
            spoil(store.add(NS, Bytes.random(100 + i, 64), labels, Optional.empty()));
        }
        assertThat(check(true, true)).hasSize(35);
        assertThat(inspection.usage().quarantine().count()).isEqualTo(32);
    }
}
