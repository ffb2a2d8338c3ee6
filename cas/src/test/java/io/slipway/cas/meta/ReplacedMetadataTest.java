package io.slipway.cas.meta;

import static io.slipway.cas.testkit.TestCas.NS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Leases;
import io.slipway.cas.Provenance;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FaultPlan;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The database of a store is lost or damaged in every way there is: the next opening works, and knows what the last
/// copy and the files know.
@Timeout(240)
@SuppressWarnings("NullAway.Init")
final class ReplacedMetadataTest {

    private static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final String INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
    private static final String OTHER_NS = "k8s.io";
    private static final Provenance PUBLIC = Provenance.publicly("registry.example", "lab/image");

    /// A bound for what hangs.
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir(factory = io.slipway.cas.testkit.FastTempDir.class)
    private Path work;

    /// What happens to the file.
    enum Kind {
        MISSING,
        EMPTY,
        TRUNCATED,
        GARBAGE,
        FLIPPED_BITS,
        ANOTHER_PROGRAMS,
        WITHOUT_TABLES;

        void strike(Path database) throws Exception {
            byte[] bytes = Files.readAllBytes(database);
            switch (this) {
                case MISSING -> Files.delete(database);
                case EMPTY -> Files.write(database, new byte[0]);
                case TRUNCATED -> Files.write(database, Arrays.copyOf(bytes, bytes.length / 2));
                case GARBAGE -> Files.write(database, Bytes.random(7, bytes.length));
                case FLIPPED_BITS -> {
                    // The type byte of each page but the first, which has a header before it.
                    for (int page = 4096; page < bytes.length; page += 4096) {
                        bytes[page] ^= 0x40;
                    }
                    Files.write(database, bytes);
                }
                case ANOTHER_PROGRAMS -> {
                    Files.delete(database);
                    run(database, "PRAGMA application_id=42", "CREATE TABLE bolt(bucket)");
                }
                case WITHOUT_TABLES -> {
                    Files.delete(database);
                    run(database, "CREATE TABLE gone(x)", "DROP TABLE gone");
                }
            }
        }
    }

    private static void run(Path database, String... statements) throws SQLException {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                var statement = connection.createStatement()) {
            for (var one : statements) {
                statement.execute(one);
            }
        }
    }

    private record Image(Digest target, List<Digest> all) {}

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String descriptor(String type, byte[] body) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + Bytes.digest(body) + "\",\"size\":" + body.length
                + "}";
    }

    /// An index with one manifest that is there and one that is not, a config and two layers.
    private static Image image(TestCas store, String namespace, String name, int seed) throws Exception {
        var config = text("{\"architecture\":\"amd64\",\"n\":" + seed + "}");
        var layers = List.of(Bytes.random(seed, 30_000), Bytes.random(seed + 1000, 10));
        var manifest = text("{\"config\":" + descriptor("application/vnd.oci.image.config.v1+json", config)
                + ",\"layers\":["
                + descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layers.getFirst()) + ","
                + descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layers.getLast()) + "]}");
        var index = text("{\"manifests\":[" + descriptor(MANIFEST_TYPE, manifest) + ","
                + descriptor(MANIFEST_TYPE, text("another platform" + seed)) + "]}");
        var all = new ArrayList<Digest>();
        for (var body : List.of(layers.getFirst(), layers.getLast(), config)) {
            all.add(store.add(namespace, body, Map.of(GcLabels.EXPIRE, "2999-01-01T00:00:00Z"), Optional.empty()));
        }
        all.add(store.add(
                namespace,
                manifest,
                Map.of(
                        GcLabels.REF_CONTENT + ".config",
                        Bytes.digest(config).toString(),
                        GcLabels.REF_CONTENT + ".l.0",
                        Bytes.digest(layers.getFirst()).toString(),
                        GcLabels.REF_CONTENT + ".l.1",
                        Bytes.digest(layers.getLast()).toString(),
                        GcLabels.EXPIRE,
                        "2999-01-01T00:00:00Z"),
                Optional.empty()));
        all.add(store.add(
                namespace,
                index,
                Map.of(GcLabels.REF_CONTENT + ".m.0", Bytes.digest(manifest).toString()),
                Optional.empty()));
        var target = new Descriptor(INDEX_TYPE, Bytes.digest(index), index.length, Map.of("org.example", "kept"));
        store.cas().images().put(namespace, name, target, Map.of("of", "image"), Optional.empty());
        return new Image(target.digest(), all);
    }

    /// The images that a store had at its last copy, and one that came after it.
    private record Story(Path root, Image early, Image late, Digest loose) {}

    private Story story(boolean copied) throws Exception {
        var root = work.resolve("live");
        Image early;
        Image late;
        Digest loose;
        try (var store = new TestCas(root)) {
            early = image(store, NS, "registry.example/lab/early:1", 1);
            store.cas().contents().addProvenance(early.all().getFirst(), PUBLIC);
            var lease = store.cas().leases().create(NS, Optional.of("a-lease"), Map.of());
            loose = store.add(OTHER_NS, Bytes.random(50, 100), Map.of(GcLabels.ROOT, "1"), Optional.empty());
            store.cas()
                    .leases()
                    .add(NS, lease.id(), Leases.Resource.content(early.all().get(1)));
            image(store, NS, "registry.example/lab/deleted:1", 20);
        }
        var copy = Files.readAllBytes(root.resolve("metadata.db.copy"));
        try (var store = new TestCas(root)) {
            store.cas().images().delete(NS, "registry.example/lab/deleted:1", Optional.empty(), true);
            late = image(store, OTHER_NS, "registry.example/lab/late:2", 40);
        }
        // The deletion is long past.
        Files.setLastModifiedTime(
                root.resolve("content/index.json"), FileTime.from(Instant.now().plusSeconds(5)));
        if (copied) {
            Files.write(root.resolve("metadata.db.copy"), copy);
        } else {
            Files.delete(root.resolve("metadata.db.copy"));
        }
        return new Story(root, early, late, loose);
    }

    private static void assertWhole(TestCas store, String namespace, String name, Image image) throws Exception {
        assertThat(store.cas().images().get(namespace, name)).hasValueSatisfying(found -> {
            assertThat(found.target().digest()).isEqualTo(image.target());
            assertThat(found.target().annotations()).containsEntry("org.example", "kept");
        });
        assertThat(store.cas().contents().visible(namespace, image.all()))
                .containsExactlyInAnyOrderElementsOf(image.all());
        for (var digest : image.all()) {
            assertThat(store.stored(digest)).isTrue();
        }
        assertThat(store.cas().inspection().check(true, false, _ -> {}).findings())
                .isZero();
    }

    private static void awaitReport(TestCas store) {
        Awaitility.await("the replacement is told")
                .atMost(LIMIT)
                .until(() -> store.cas().recovery().isPresent());
    }

    private static List<Path> damaged(Path root) throws IOException {
        try (var files = Files.list(root)) {
            return files.filter(file -> file.getFileName().toString().startsWith("metadata.db.damaged-"))
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheCopyAndTheFilesKnowIsThereAgain(Kind kind) throws Exception {
        var story = story(true);
        kind.strike(story.root().resolve("metadata.db"));
        // SQLite changes the header of a database that it can open.
        var spoiled = kind == Kind.MISSING || kind == Kind.WITHOUT_TABLES
                ? Optional.<byte[]>empty()
                : Optional.of(Files.readAllBytes(story.root().resolve("metadata.db")));

        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            store.cas().collector().collect();
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
            assertWhole(store, OTHER_NS, "registry.example/lab/late:2", story.late());
            assertThat(store.cas().images().get(NS, "registry.example/lab/deleted:1"))
                    .as("deleted since the copy")
                    .isEmpty();
            assertThat(store.cas().images().get(NS, "registry.example/lab/early:1"))
                    .hasValueSatisfying(image -> assertThat(image.labels()).containsEntry("of", "image"));
            assertThat(store.cas().leases().resources(NS, "a-lease")).hasSize(1);
            assertThat(store.cas().contents().provenance(story.early().all().getFirst()))
                    .contains(PUBLIC);
            assertThat(store.cas().contents().provenance(story.late().all().getFirst()))
                    .as("nobody vouches for it")
                    .isEmpty();
            assertThat(store.cas().contents().visible(OTHER_NS, List.of(story.loose())))
                    .hasSize(1);
            var recovery = store.cas().recovery().orElseThrow();
            assertThat(recovery.base()).startsWith("the copy of ");
            assertThat(recovery.lost()).isZero();
            assertThat(recovery.report()).content().contains("late:2 (k8s.io)").contains("Not recovered: 0");
        }
        assertThat(damaged(story.root())).hasSize(kind == Kind.MISSING ? 0 : 1);
        if (spoiled.isPresent()) {
            assertThat(damaged(story.root()).getFirst()).hasBinaryContent(spoiled.get());
        }
        assertSecondStartIsClean(story);
    }

    private static void assertSecondStartIsClean(Story story) throws Exception {
        var before = damaged(story.root());
        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
            assertWhole(store, OTHER_NS, "registry.example/lab/late:2", story.late());
        }
        assertThat(damaged(story.root())).as("nothing was replaced again").isEqualTo(before);
        assertThat(story.root().resolve("metadata.db.suspect")).doesNotExist();
        assertThat(story.root().resolve("metadata.db.rebuilt")).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource
    void withoutCopyImagesComeFromTheIndexAndTheRestIsKeptAside(Kind kind) throws Exception {
        var story = story(false);
        kind.strike(story.root().resolve("metadata.db"));

        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            store.cas().collector().collect();
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
            assertWhole(store, OTHER_NS, "registry.example/lab/late:2", story.late());
            assertThat(store.stored(story.loose())).isTrue();
            assertThat(store.cas().contents().visible(OTHER_NS, List.of(story.loose())))
                    .as("private to nobody knows whom")
                    .isEmpty();
            assertThat(store.cas().contents().visible(StoreRebuild.NAMESPACE, List.of(story.loose())))
                    .hasSize(1);
            store.advance(StoreRebuild.KEPT.plus(Duration.ofHours(1)));
            store.cas().collector().collect();
            assertThat(store.stored(story.loose())).as("for a while").isFalse();
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
        }
        assertSecondStartIsClean(story);
    }

    @Test
    void aDamagedCopyIsNotTaken() throws Exception {
        var story = story(true);
        Kind.FLIPPED_BITS.strike(story.root().resolve("metadata.db.copy"));
        Kind.GARBAGE.strike(story.root().resolve("metadata.db"));

        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            assertThat(store.cas().recovery().orElseThrow().base()).isEqualTo("an empty database");
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
        }
        assertSecondStartIsClean(story);
    }

    @Test
    void withoutIndexImagesAreThoseOfTheCopyAndTheLossIsListed() throws Exception {
        var story = story(true);
        Kind.GARBAGE.strike(story.root().resolve("metadata.db"));
        var index = story.root().resolve("content/index.json");
        Files.writeString(index, "{\"manifests\":[{\"medi");

        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            assertThat(store.cas().images().get(NS, "registry.example/lab/early:1"))
                    .isPresent();
            assertThat(store.cas().images().get(OTHER_NS, "registry.example/lab/late:2"))
                    .isEmpty();
            for (var digest : story.late().all()) {
                assertThat(store.cas().contents().visible(StoreRebuild.NAMESPACE, List.of(digest)))
                        .as("kept for whoever knows the name")
                        .hasSize(1);
            }
            assertThat(store.cas().recovery().orElseThrow().report())
                    .content()
                    .contains("index.json can't be read")
                    .contains("deleted:1 (default): sha256:");
        }
        assertThat(index.resolveSibling("index.json.damaged")).hasContent("{\"manifests\":[{\"medi");
        assertThat(index).content().contains("lab/early:1");
    }

    @Test
    void aSpoiledManifestAndATruncatedLayerAreListedAndOutOfSight() throws Exception {
        var story = story(true);
        Kind.GARBAGE.strike(story.root().resolve("metadata.db"));
        var manifest = story.late().all().get(3);
        var layer = story.early().all().getFirst();
        var manifestFile = story.root().resolve("content/blobs/sha256/" + manifest.hex());
        var bytes = Files.readAllBytes(manifestFile);
        bytes[5] ^= 1;
        rewrite(manifestFile, bytes);
        rewrite(story.root().resolve("content/blobs/sha256/" + layer.hex()), new byte[10]);

        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            assertThat(store.stored(manifest)).isFalse();
            assertThat(store.stored(layer)).isFalse();
            assertThat(store.cas().contents().visible(NS, List.of(layer))).isEmpty();
            assertThat(store.cas().inspection().check(true, false, _ -> {}).findings())
                    .isZero();
            assertThat(store.cas().recovery().orElseThrow().report())
                    .content()
                    .contains("blob " + manifest + " is not what its digest says")
                    .contains("blob " + layer + " has another length than was recorded")
                    .contains("early:1 (default): " + layer + " is not stored; pull it again");
        }
        assertThat(story.root().resolve("content/quarantine")).isDirectoryContaining(file -> true);
    }

    private static void rewrite(Path file, byte[] bytes) throws IOException {
        Files.delete(file);
        Files.write(file, bytes);
    }

    /// What a crash leaves: the files as they are, the log beside the database included.
    private Path crashed(Path live, String name) throws IOException {
        var to = work.resolve(name);
        Files.walkFileTree(live, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(to.resolve(live.relativize(directory)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (!file.startsWith(live.resolve("tmp")) && !file.toString().endsWith("-shm")) {
                    Files.copy(file, to.resolve(live.relativize(file)));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return to;
    }

    @Test
    void aLogThatIsDamagedInTheMiddleIsSeenAndATornEndIsNot() throws Exception {
        var live = work.resolve("live");
        Path middle;
        Path end;
        Image image;
        try (var store = new TestCas(live)) {
            store.cas().metadata().ready().get();
        }
        try (var store = new TestCas(live)) {
            image = image(store, NS, "registry.example/lab/early:1", 1);
            Awaitility.await("the index is written")
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(live.resolve("content/index.json"))
                            .content()
                            .contains("early:1"));
            middle = crashed(live, "middle");
            end = crashed(live, "end");
        }
        var log = Files.readAllBytes(middle.resolve("metadata.db-wal"));
        assertThat(log.length).isGreaterThan(20 * 4096);
        var spoiled = log.clone();
        spoiled[log.length / 3] ^= 1;
        Files.write(middle.resolve("metadata.db-wal"), spoiled);
        try (var store = new TestCas(middle)) {
            awaitReport(store);
            store.cas().collector().collect();
            var recovery = store.cas().recovery().orElseThrow();
            assertThat(recovery.why()).isEqualTo("its log is damaged in the middle");
            assertThat(recovery.base()).startsWith("the database itself");
            assertWhole(store, NS, "registry.example/lab/early:1", image);
        }
        assertThat(damaged(middle))
                .hasSize(2)
                .anySatisfy(file -> assertThat(file).hasBinaryContent(spoiled));

        Files.write(end.resolve("metadata.db-wal"), Arrays.copyOf(log, log.length - 5000));
        try (var store = new TestCas(end)) {
            assertThat(store.cas().namespaces().list()).isNotEmpty();
        }
        assertThat(damaged(end)).as("what a power cut does is no damage").isEmpty();
    }

    @Test
    void damageThatNoOpeningSeesIsFoundByTheCopyWhichStopsCollectionAndHasItReplaced() throws Exception {
        var story = story(true);
        var database = story.root().resolve("metadata.db");
        damageLeaf(database);

        try (var store = new TestCas(story.root())) {
            assertThat(store.cas().recovery()).isEmpty();
            var metadata = (SqliteMetadata) store.cas().metadata();
            assertThatThrownBy(metadata::copy).isInstanceOf(IOException.class);
            assertThat(metadata.damage()).isPresent();
            assertThat(store.cas().collector().collect().blobs()).isZero();
            assertThatThrownBy(() -> store.cas().inspection().check(false, true, _ -> {}))
                    .hasMessageContaining("restart slipwayd");
            assertThat(story.root().resolve("metadata.db.suspect")).exists();
        }
        try (var store = new TestCas(story.root())) {
            awaitReport(store);
            assertThat(store.cas().recovery().orElseThrow().base()).startsWith("the copy of ");
            assertWhole(store, NS, "registry.example/lab/early:1", story.early());
            assertWhole(store, OTHER_NS, "registry.example/lab/late:2", story.late());
        }
        assertSecondStartIsClean(story);
    }

    /// A label that is no JSON any more: no page is broken by that.
    private static void damageLeaf(Path database) throws IOException {
        var bytes = Files.readAllBytes(database);
        var label = text("{\"of\":\"image\"}");
        boolean found = false;
        for (int at = 0; at < bytes.length - label.length; at++) {
            if (Arrays.equals(bytes, at, at + label.length, label, 0, label.length)) {
                bytes[at] ^= 2;
                found = true;
            }
        }
        assertThat(found).isTrue();
        Files.write(database, bytes);
    }

    @Test
    void aCrashAtAnyStepOfTheReplacementIsMadeUpForByTheNextOpening() throws Exception {
        var story = story(true);
        Kind.GARBAGE.strike(story.root().resolve("metadata.db"));
        for (int step = 1; ; step++) {
            var plan = FaultPlan.crashAt(step);
            var root = crashed(story.root(), "crash-" + step);
            try (var store = new TestCas(root, plan)) {
                store.cas().collector().collect();
            } catch (IOException crashed) {
                // As planned.
            }
            try (var store = new TestCas(root)) {
                awaitReport(store);
                store.cas().collector().collect();
                assertWhole(store, NS, "registry.example/lab/early:1", story.early());
                assertWhole(store, OTHER_NS, "registry.example/lab/late:2", story.late());
                assertThat(store.cas().leases().resources(NS, "a-lease")).hasSize(1);
            }
            if (!plan.struck()) {
                assertThat(step).as("steps seen").isGreaterThan(12);
                return;
            }
        }
    }

    @Test
    void aCopyThatIsNotFinishedOrNotGoodDoesNotReplaceTheLast() throws Exception {
        var root = work.resolve("live");
        for (int step = 1; ; step++) {
            var plan = FaultPlan.onDemand();
            byte[] before;
            try (var store = new TestCas(root)) {
                store.add(NS, Bytes.random(step, 100), Map.of(GcLabels.ROOT, "1"), Optional.empty());
            }
            before = Files.readAllBytes(root.resolve("metadata.db.copy"));
            var counting = FaultPlan.failAt(step, "Input/output error");
            boolean copied = copyWith(root, counting);
            if (!copied) {
                assertThat(root.resolve("metadata.db.copy"))
                        .as("step " + step)
                        .satisfiesAnyOf(
                                file -> assertThat(file).hasBinaryContent(before),
                                file -> new DatabaseCopy(
                                                new Connections(file, root.resolve("tmp")),
                                                new io.slipway.cas.file.Disk(plan),
                                                plan)
                                        .check(file));
            } else if (!counting.struck()) {
                assertThat(step).as("steps seen").isGreaterThan(4);
                return;
            }
        }
    }

    private static boolean copyWith(Path root, FaultPlan plan) throws Exception {
        var connections = new Connections(root.resolve("metadata.db"), root.resolve("tmp"));
        try {
            new DatabaseCopy(connections, new io.slipway.cas.file.Disk(plan), plan)
                    .put(root.resolve("metadata.db"), root.resolve("metadata.db.copy"));
            return true;
        } catch (IOException failed) {
            return false;
        }
    }

    @Test
    void onlySomeDamagedDatabasesAreKept() throws Exception {
        var story = story(true);
        for (int i = 0; i < DatabaseFiles.DAMAGED_MAX + 2; i++) {
            Kind.GARBAGE.strike(story.root().resolve("metadata.db"));
            try (var store = new TestCas(story.root())) {
                store.cas().metadata().ready().get();
            }
        }
        assertThat(damaged(story.root())).hasSize(DatabaseFiles.DAMAGED_MAX);
    }

    @Test
    void aNewStoreIsNothingToRecover() throws Exception {
        var root = work.resolve("new");
        try (var store = new TestCas(root)) {
            store.cas().collector().collect();
            assertThat(store.cas().recovery()).isEmpty();
        }
        assertThat(damaged(root)).isEmpty();
    }

    @Test
    void listingShowsTheKeptAsideOnlyInTheirNamespace() throws Exception {
        var story = story(false);
        Kind.MISSING.strike(story.root().resolve("metadata.db"));
        try (var store = new TestCas(story.root())) {
            var seen = new ArrayList<Digest>();
            store.cas().contents().list(NS, Filter.parse(List.of()), info -> seen.add(info.digest()));
            assertThat(seen).containsExactlyInAnyOrderElementsOf(story.early().all());
        }
    }
}
