package io.slipway.cas;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.cas.ApiException.Code;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
@SuppressWarnings("NullAway.Init")
final class CasTest {

    @TempDir
    private Path root;

    private TestCas store;
    private Cas cas;

    @BeforeEach
    void open() throws IOException {
        store = new TestCas(root);
        cas = store.cas();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() throws IOException {
        close();
        open();
    }

    @Test
    void aLinkedBlobIsVisibleInItsNamespaceOnly() throws Exception {
        var digest = store.add(NS, Bytes.random(1, 500), Map.of("a", "b"), Optional.empty());
        var info = cas.contents().info(NS, digest).orElseThrow();
        assertThat(info.size()).isEqualTo(500);
        assertThat(info.labels()).containsExactly(Map.entry("a", "b"));
        assertThat(cas.contents().info("other", digest)).isEmpty();
        assertThat(cas.namespaces().list())
                .extracting(Namespaces.Namespace::name)
                .containsExactly(NS);
        assertThat(store.events).contains(NS + " /content/create");
    }

    @Test
    void linkingWhatIsNotStoredIsNotFound() {
        var digest = Bytes.digest(Bytes.random(2, 10));
        refused(
                Code.NOT_FOUND,
                "content digest " + digest + ": not found",
                () -> cas.contents().link(NS, digest, Map.of(), Optional.empty()));
    }

    @Test
    void linkingUnderAnUnknownLeaseIsNotFoundAndChangesNothing() throws Exception {
        var body = Bytes.random(3, 10);
        cas.blobs().put(Bytes.request(body), ByteBuffer.wrap(body));
        refused(
                Code.NOT_FOUND,
                "lease does not exist: not found",
                () -> cas.contents().link(NS, Bytes.digest(body), Map.of(), Optional.of("nope")));
        assertThat(cas.contents().info(NS, Bytes.digest(body))).isEmpty();
    }

    @Test
    void everythingSurvivesReopening() throws Exception {
        var digest = store.add(NS, Bytes.random(4, 500), Map.of("k", "v"), Optional.empty());
        var image = cas.images()
                .create(
                        NS,
                        "example.test/a:1",
                        descriptor(digest, 500),
                        Map.of("x", "y"),
                        Optional.empty(),
                        Optional.empty());
        var lease = cas.leases().create(NS, Optional.of("l1"), Map.of("q", ""));
        cas.leases().add(NS, "l1", Leases.Resource.content(digest));
        cas.derived().put(digest, "diffid", new byte[] {1, 2});
        cas.contents().addProvenance(digest, Provenance.scoped("h", "r", "id"));
        reopen();
        assertThat(cas.images().get(NS, "example.test/a:1")).contains(image);
        assertThat(cas.leases().list(NS, Filter.ALL)).containsExactly(lease);
        assertThat(cas.leases().resources(NS, "l1")).containsExactly(Leases.Resource.content(digest));
        assertThat(cas.contents().info(NS, digest).orElseThrow().labels()).containsEntry("k", "v");
        assertThat(cas.derived().get(digest, "diffid")).contains(new byte[] {1, 2});
        assertThat(cas.contents().provenance(digest))
                .containsExactlyInAnyOrder(
                        Provenance.publicly("registry.test", "a/b"), Provenance.scoped("h", "r", "id"));
        assertThat(store.stored(digest)).isTrue();
    }

    @Test
    void aJoinersProvenanceIsNotTakenOnTrust() throws Exception {
        var body = Bytes.random(5, 10);
        store.add(NS, body, Map.of(), Optional.empty());
        var liar = new ArrivalRequest(
                Bytes.digest(body), java.util.OptionalLong.empty(), Provenance.publicly("evil.test", "x"), "test");
        cas.blobs().put(liar, ByteBuffer.wrap(body));
        assertThat(cas.contents().provenance(Bytes.digest(body)))
                .containsExactly(Provenance.publicly("registry.test", "a/b"));
    }

    /// Bytes that one asker was let read must not become public because another, who was not asked
    /// anything, came to finish them.
    @Test
    void whoResumesEverythingVouchesForNothing() throws Exception {
        var body = Bytes.random(7, 10);
        var digest = Bytes.digest(body);
        var secret = new ArrivalRequest(
                digest, OptionalLong.empty(), Provenance.scoped("registry.test", "a/secret", "id"), "test");
        try (var arrival = cas.blobs().arrive(secret, landing -> {
            landing.write(0, ByteBuffer.wrap(body));
            throw new IOException("broken off");
        })) {
            assertThat(arrival.await()).isInstanceOf(Verdict.Failed.class);
        }
        var anyone =
                new ArrivalRequest(digest, OptionalLong.of(10), Provenance.publicly("registry.test", "a/b"), "test");
        try (var arrival = cas.blobs().arrive(anyone, landing -> {})) {
            assertThat(arrival.progress().resumed()).isIn(0L, 10L);
            assertThat(arrival.awaitVerified()).isEqualTo(10);
        }
        assertThat(cas.contents().provenance(digest)).isEmpty();
    }

    @Test
    void whoeverBroughtBytesVouchesForThem() throws Exception {
        var body = Bytes.random(8, 10);
        var joined = new CountDownLatch(1);
        var one = Provenance.scoped("registry.test", "a/secret", "id");
        var two = Provenance.publicly("registry.test", "a/b");
        var digest = Bytes.digest(body);
        try (var first = cas.blobs().arrive(new ArrivalRequest(digest, OptionalLong.empty(), one, "test"), landing -> {
                    landing.write(0, ByteBuffer.wrap(body, 0, 5));
                    joined.await();
                    throw new IOException("broken off");
                });
                var second = cas.blobs()
                        .arrive(
                                new ArrivalRequest(digest, OptionalLong.empty(), two, "test"),
                                landing -> landing.write(5, ByteBuffer.wrap(body, 5, 5)));
                var idle = cas.blobs()
                        .arrive(
                                new ArrivalRequest(
                                        digest,
                                        OptionalLong.empty(),
                                        Provenance.publicly("registry.test", "a/idle"),
                                        "test"),
                                landing -> {})) {
            joined.countDown();
            assertThat(first.await()).isInstanceOf(Verdict.Failed.class);
            assertThat(second.awaitVerified()).isEqualTo(10);
            assertThat(idle.awaitVerified()).isEqualTo(10);
        }
        assertThat(cas.contents().provenance(digest)).containsExactlyInAnyOrder(one, two);
    }

    @Test
    void labelsAreBounded() throws Exception {
        var digest = store.add(NS, Bytes.random(6, 10), Map.of(), Optional.empty());
        refused(
                Code.INVALID_ARGUMENT,
                "label key and value greater than maximum size (4096 bytes), key: k: invalid argument",
                () -> cas.contents().update(NS, digest, new LabelUpdate.Set(Map.of("k", "v".repeat(4096)))));
    }

    @Test
    void collectionTakesWhatNothingKeepsAndFollowsReferences() throws Exception {
        var layer = store.add(NS, Bytes.random(10, 100), Map.of(), Optional.empty());
        var config = store.add(NS, Bytes.random(11, 100), Map.of(), Optional.empty());
        var loose = store.add(NS, Bytes.random(12, 100), Map.of(), Optional.empty());
        var rooted = store.add(NS, Bytes.random(13, 100), Map.of(GcLabels.ROOT, "now"), Optional.empty());
        var manifest = store.add(
                NS,
                Bytes.random(14, 100),
                Map.of(
                        "containerd.io/gc.ref.content.l.0",
                        layer.toString(),
                        "containerd.io/gc.ref.content.config",
                        config.toString()),
                Optional.empty());
        cas.images().create(NS, "a", descriptor(manifest, 100), Map.of(), Optional.empty(), Optional.empty());
        var collected = cas.collector().collect();
        assertThat(collected.contents()).isEqualTo(1);
        assertThat(collected.blobs()).isEqualTo(1);
        assertThat(collected.bytes()).isEqualTo(100);
        assertThat(store.stored(loose)).isFalse();
        for (var kept : List.of(layer, config, rooted, manifest)) {
            assertThat(store.stored(kept)).isTrue();
        }
        cas.images().delete(NS, "a", Optional.empty(), true);
        for (var gone : List.of(layer, config, manifest)) {
            assertThat(store.stored(gone)).isFalse();
            assertThat(cas.contents().info(NS, gone)).isEmpty();
        }
        assertThat(store.stored(rooted)).isTrue();
        assertThat(store.events).contains(NS + " /content/delete", NS + " /images/delete");
        try (var tmp = Files.list(root.resolve("tmp"))) {
            assertThat(tmp.filter(file -> file.toString().contains("gone"))).isEmpty();
        }
    }

    @Test
    void deletingAnImageWithoutSyncCollectsSoon() throws Exception {
        var manifest = store.add(NS, Bytes.random(15, 100), Map.of(), Optional.empty());
        cas.images().create(NS, "a", descriptor(manifest, 100), Map.of(), Optional.empty(), Optional.empty());
        cas.images().delete(NS, "a", Optional.of(manifest), false);
        await().until(() -> !store.stored(manifest));
    }

    @Test
    void aLeaseKeepsUntilItEnds() throws Exception {
        cas.leases().create(NS, Optional.of("l"), Map.of());
        var digest = store.add(NS, Bytes.random(16, 10), Map.of(), Optional.of("l"));
        cas.collector().collect();
        assertThat(store.stored(digest)).isTrue();
        cas.leases().delete(NS, "l", true);
        assertThat(store.stored(digest)).isFalse();
    }

    @Test
    void anExpiredLeaseEndsByItself() throws Exception {
        var lease = cas.leases().createFor(NS, Duration.ofHours(24), Map.of());
        var digest = store.add(NS, Bytes.random(17, 10), Map.of(), Optional.of(lease.id()));
        cas.collector().collect();
        assertThat(store.stored(digest)).isTrue();
        store.advance(Duration.ofHours(25));
        cas.collector().collect();
        assertThat(store.stored(digest)).isFalse();
        assertThat(cas.leases().list(NS, Filter.ALL)).isEmpty();
    }

    @Test
    void aFlatLeaseKeepsOnlyWhatItHolds() throws Exception {
        var child = store.add(NS, Bytes.random(18, 10), Map.of(), Optional.empty());
        cas.leases().create(NS, Optional.of("flat"), Map.of(GcLabels.FLAT, "true"));
        var parent = store.add(
                NS,
                Bytes.random(19, 10),
                Map.of("containerd.io/gc.ref.content", child.toString()),
                Optional.of("flat"));
        cas.collector().collect();
        assertThat(store.stored(parent)).isTrue();
        assertThat(store.stored(child)).isFalse();
    }

    @Test
    void gcExpireKeepsUntilThen() throws Exception {
        var until = Instant.now().plus(Duration.ofHours(1)).toString();
        var digest = store.add(NS, Bytes.random(20, 10), Map.of(GcLabels.EXPIRE, until), Optional.empty());
        cas.collector().collect();
        assertThat(store.stored(digest)).isTrue();
        store.advance(Duration.ofHours(2));
        cas.collector().collect();
        assertThat(store.stored(digest)).isFalse();
    }

    @Test
    void aBackReferenceKeepsTheChildWhileTheNamedOneLives() throws Exception {
        var subject = store.add(NS, Bytes.random(21, 10), Map.of(GcLabels.ROOT, "1"), Optional.empty());
        var signature = store.add(
                NS,
                Bytes.random(22, 10),
                Map.of("containerd.io/gc.bref.content.subject", subject.toString()),
                Optional.empty());
        cas.collector().collect();
        assertThat(store.stored(signature)).isTrue();
        cas.contents().update(NS, subject, new LabelUpdate.Set(Map.of(GcLabels.ROOT, "")));
        cas.collector().collect();
        assertThat(store.stored(subject)).isFalse();
        assertThat(store.stored(signature)).isFalse();
    }

    @Test
    void anOpenBlobAndAnOpenArrivalAreNotCollected() throws Exception {
        var one = store.add(NS, Bytes.random(23, 10), Map.of(), Optional.empty());
        var body = Bytes.random(24, 10);
        try (var _ = cas.blobs().open(one).orElseThrow();
                var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
            arrival.awaitVerified();
            cas.collector().collect();
            assertThat(store.stored(one)).isTrue();
            assertThat(store.stored(arrival.digest())).isTrue();
            assertThat(cas.contents().info(NS, one)).isPresent();
        }
        cas.collector().collect();
        assertThat(store.stored(one)).isFalse();
        assertThat(store.stored(Bytes.digest(body))).isFalse();
    }

    @Test
    void aBlobStaysAsLongAsOneNamespaceSeesIt() throws Exception {
        var body = Bytes.random(25, 10);
        var digest = store.add("one", body, Map.of(GcLabels.ROOT, "1"), Optional.empty());
        store.add("two", body, Map.of(GcLabels.ROOT, "1"), Optional.empty());
        cas.contents().delete("one", digest);
        cas.collector().collect();
        assertThat(store.stored(digest)).isTrue();
        cas.contents().delete("two", digest);
        cas.collector().collect();
        assertThat(store.stored(digest)).isFalse();
        assertThat(cas.derived().get(digest, "diffid")).isEmpty();
    }

    @Test
    void cachedContentIsRootedByTheIndexAndGoesOldestFirst() throws Exception {
        var digests = new ArrayList<Digest>();
        for (int i = 0; i < 3; i++) {
            var body = Bytes.random(30 + i, 1_000);
            try (var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
                arrival.awaitVerified();
                cas.cacheIndex().admit(arrival.digest(), Map.of());
            }
            digests.add(Bytes.digest(body));
            store.advance(Duration.ofMinutes(1));
        }
        cas.contents().touch(digests.get(0));
        cas.collector().collect();
        assertThat(cas.cacheIndex().bytes()).isEqualTo(3_000);
        assertThat(cas.cacheIndex().shrinkTo(2_500)).isEqualTo(1_000);
        cas.collector().collect();
        assertThat(store.stored(digests.get(0))).isTrue();
        assertThat(store.stored(digests.get(1))).isFalse();
        assertThat(cas.cacheIndex().contains(digests.get(1))).isFalse();
        assertThat(cas.contents().info(Namespaces.MIRROR, digests.get(2))).isPresent();
    }

    @Test
    void theIndexFollowsImages() throws Exception {
        var manifest = store.add(NS, Bytes.random(40, 100), Map.of(), Optional.empty());
        cas.images().create(NS, "x.test/a:1", descriptor(manifest, 100), Map.of(), Optional.empty(), Optional.empty());
        var index = root.resolve("content/index.json");
        await().atMost(Duration.ofSeconds(1))
                .until(() -> Files.exists(index)
                        && new ObjectMapper()
                                        .readTree(index.toFile())
                                        .path("manifests")
                                        .size()
                                == 1);
        var entry =
                new ObjectMapper().readTree(index.toFile()).path("manifests").get(0);
        assertThat(entry.path("digest").asText()).isEqualTo(manifest.toString());
        assertThat(entry.path("annotations").path("io.containerd.image.name").asText())
                .isEqualTo("x.test/a:1");
        assertThat(entry.path("annotations")
                        .path("org.opencontainers.image.ref.name")
                        .asText())
                .isEqualTo("x.test/a:1");
        assertThat(entry.path("annotations").path("io.slipway.namespace").asText())
                .isEqualTo(NS);
        assertThat(root.resolve("content/oci-layout")).hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
        cas.images().delete(NS, "x.test/a:1", Optional.empty(), false);
        await().atMost(Duration.ofSeconds(1))
                .until(() -> new ObjectMapper()
                        .readTree(index.toFile())
                        .path("manifests")
                        .isEmpty());
    }

    @Test
    void imagesRefuseWhatTheyMust() throws Exception {
        var target = descriptor(Bytes.digest(new byte[1]), 1);
        cas.images().create(NS, "a", target, Map.of(), Optional.empty(), Optional.empty());
        refused(
                Code.ALREADY_EXISTS,
                "image \"a\": already exists",
                () -> cas.images().create(NS, "a", target, Map.of(), Optional.empty(), Optional.empty()));
        refused(Code.NOT_FOUND, "image \"b\": not found", () -> cas.images().delete(NS, "b", Optional.empty(), false));
        refused(
                Code.NOT_FOUND,
                "image \"a\" with target",
                () -> cas.images().delete(NS, "a", Optional.of(Bytes.digest(new byte[2])), false));
        refused(
                Code.INVALID_ARGUMENT,
                "Image.Name required",
                () -> cas.images().create(NS, "", target, Map.of(), Optional.empty(), Optional.empty()));
        refused(
                Code.INVALID_ARGUMENT,
                "Target.Size must be greater than zero",
                () -> cas.images()
                        .create(NS, "c", descriptor(target.digest(), 0), Map.of(), Optional.empty(), Optional.empty()));
    }

    @Test
    void puttingAnImageTwiceUpdatesIt() throws Exception {
        var first =
                cas.images().put(NS, "a", descriptor(Bytes.digest(new byte[1]), 1), Map.of("x", "1"), Optional.empty());
        var second =
                cas.images().put(NS, "a", descriptor(Bytes.digest(new byte[2]), 2), Map.of("y", "2"), Optional.empty());
        assertThat(second.createdAt()).isEqualTo(first.createdAt());
        assertThat(cas.images().get(NS, "a").orElseThrow().labels())
                .containsEntry("x", "1")
                .containsEntry("y", "2");
        assertThat(store.events).containsSubsequence(NS + " /images/create", NS + " /images/update");
    }

    @Test
    void namespacesFollowTheirRules() throws Exception {
        assertThat(cas.namespaces().get("nobody").labels()).isEmpty();
        cas.namespaces().create("n", Map.of("a", "b"));
        refused(Code.ALREADY_EXISTS, "already exists", () -> cas.namespaces().create("n", Map.of()));
        refused(Code.INVALID_ARGUMENT, "must match", () -> cas.namespaces().create("n!", Map.of()));
        refused(Code.NOT_FOUND, "not found", () -> cas.namespaces().delete("m"));
        cas.namespaces().update("n", new LabelUpdate.Set(Map.of("a", "", "c", "d")));
        assertThat(cas.namespaces().get("n").labels()).containsExactly(Map.entry("c", "d"));
        store.add("n", Bytes.random(50, 10), Map.of(), Optional.empty());
        refused(
                Code.FAILED_PRECONDITION,
                "namespace \"n\" must be empty, but it still has blobs: failed precondition",
                () -> cas.namespaces().delete("n"));
        cas.collector().collect();
        cas.namespaces().delete("n");
        assertThat(cas.namespaces().list()).isEmpty();
    }

    @Test
    void leasesFollowTheirRules() throws Exception {
        cas.leases().create(NS, Optional.of("l"), Map.of());
        refused(Code.ALREADY_EXISTS, "already exists", () -> cas.leases().create(NS, Optional.of("l"), Map.of()));
        refused(Code.NOT_FOUND, "not found", () -> cas.leases().delete(NS, "m", false));
        refused(Code.NOT_FOUND, "not found", () -> cas.leases().add(NS, "m", Leases.Resource.ingest("r")));
        refused(
                Code.UNIMPLEMENTED,
                "resource type x not supported yet",
                () -> cas.leases().add(NS, "l", new Leases.Resource("x", "y")));
        refused(
                Code.INVALID_ARGUMENT,
                "not a digest",
                () -> cas.leases().add(NS, "l", new Leases.Resource("content", "y")));
        cas.leases().add(NS, "l", Leases.Resource.snapshot("overlayfs", "k"));
        cas.leases().add(NS, "l", Leases.Resource.snapshot("overlayfs", "k"));
        assertThat(cas.leases().resources(NS, "l")).containsExactly(new Leases.Resource("snapshots/overlayfs", "k"));
        cas.leases().remove(NS, "l", Leases.Resource.snapshot("overlayfs", "k"));
        assertThat(cas.leases().resources(NS, "l")).isEmpty();
        assertThat(cas.leases().create(NS, Optional.empty(), Map.of()).id()).matches("\\d+-.{4}");
    }

    @Test
    void aNewerSchemaIsRefusedByName() throws Exception {
        cas.metadata().schema("part", List.of("CREATE TABLE t1(a INTEGER)", "CREATE TABLE t2(a INTEGER)"));
        cas.metadata().ready().get();
        reopen();
        cas.metadata().schema("part", List.of("CREATE TABLE t1(a INTEGER)"));
        assertThatThrownBy(() -> cas.namespaces().list())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("version 2 of the tables of \"part\"")
                .hasMessageContaining("newer slipwayd");
        assertThat(cas.metadata().ready()).isCompletedExceptionally();
    }

    @Test
    void aFailingWriteTakesOnlyItselfBack() throws Exception {
        cas.metadata().schema("part", List.of("CREATE TABLE t(a INTEGER PRIMARY KEY)"));
        try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 200; i++) {
                int value = i;
                var _ = threads.submit(() -> cas.metadata().write(connection -> {
                    try (var insert = connection.createStatement()) {
                        insert.executeUpdate("INSERT INTO t VALUES(" + value + ")");
                    }
                    if (value % 2 == 0) {
                        throw ApiException.notFound("even");
                    }
                    return value;
                }));
            }
        }
        int count = cas.metadata().read(connection -> {
            try (var query = connection.createStatement();
                    var rows = query.executeQuery("SELECT count(*) FROM t")) {
                rows.next();
                return rows.getInt(1);
            }
        });
        assertThat(count).isEqualTo(100);
    }

    @Test
    void usingMetadataFromWithinAWriteIsABug() {
        assertThatThrownBy(() -> cas.metadata().write(_ -> {
                    try {
                        return cas.metadata().read(_ -> 1);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void filesAreReadableByTheirOwnerOnly() throws Exception {
        cas.metadata().ready().get();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("content"))))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("metadata.db"))))
                .isEqualTo("rw-------");
    }

    private static void refused(Code code, String text, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(text);
    }
}
