package io.slipway.cas.file;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.cas.ApiException;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.LabelUpdate;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Recording;
import io.slipway.cas.Verdict;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FastTempDir;
import io.slipway.cas.testkit.PowerCuts;
import io.slipway.cas.testkit.PowerCuts.Unsynced;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The power is cut before every step of every story, and the store opened again on each of the things that
/// could be left of it: what callers were told is there is there, what is listed can be read and is right, what
/// was resumed fits, and after a collection nothing is left that nobody lists.
@Timeout(300)
@SuppressWarnings("NullAway.Init")
final class PowerCutTest {

    private static final byte[] LAYER = Bytes.random(1, 60_000);
    private static final byte[] MANIFEST = Bytes.random(2, 2_000);
    private static final byte[] CONFIG = Bytes.random(3, 9_000);
    private static final int PIECE = 20_000;
    private static final ArrivalKey KEY = new ArrivalKey(Bytes.digest(LAYER), "registry.test");

    /// Every new byte is synced and recorded when the recorder looks.
    private static final Recording AT_ONCE = new Recording(1, Duration.ZERO);

    @TempDir(factory = FastTempDir.class)
    private Path root;

    private PowerCuts<Told> disk;
    private long seed;

    @BeforeEach
    void seed() {
        seed = new Random().nextLong();
        System.out.println("seed " + seed);
    }

    /// What callers have been told so far.
    private record Told(Map<Digest, String> linked, Map<String, Digest> images, long resumable, boolean rotten) {}

    /// The same, while it grows.
    private static final class Telling {
        private final Map<Digest, String> linked = new ConcurrentHashMap<>();
        private final Map<String, Digest> images = new ConcurrentHashMap<>();
        private volatile long resumable;
        private volatile boolean rotten;

        Told now() {
            return new Told(Map.copyOf(linked), Map.copyOf(images), resumable, rotten);
        }
    }

    /// Something that happens to an open store, and can happen again to what is left of one.
    private interface Story {
        void live(TestCas store, Telling telling, Pause pause) throws Exception;
    }

    private interface Before {
        Before NOTHING = _ -> {};

        void prepare(TestCas store) throws Exception;
    }

    /// Where the story waits until the store has done something by itself.
    private interface Pause {
        void until(BooleanSupplier condition) throws InterruptedException;
    }

    @Test
    void anArrivalInSeveralRangesFromTheFirstStartOn() throws Exception {
        cutEveryStep(Before.NOTHING, this::arrive);
    }

    @Test
    void anIngestByRef() throws Exception {
        cutEveryStep(Before.NOTHING, PowerCutTest::ingest);
    }

    @Test
    void anIngestOfWhatIsStoredAlready() throws Exception {
        cutEveryStep(
                store -> store.add("other", CONFIG, Map.of(GcLabels.ROOT, "1"), Optional.empty()),
                PowerCutTest::ingest);
    }

    @Test
    void namesAreGivenAndTakenAndTheRestIsCollected() throws Exception {
        cutEveryStep(store -> store.add(NS, CONFIG, Map.of(GcLabels.ROOT, "1"), Optional.empty()), this::nameAndDelete);
    }

    @Test
    void cachedContentIsGivenUp() throws Exception {
        cutEveryStep(Before.NOTHING, PowerCutTest::admitAndGiveUp);
    }

    @Test
    void aRottenBlobGoesToQuarantine() throws Exception {
        cutEveryStep(
                store -> {
                    store.add(NS, LAYER, Map.of(GcLabels.ROOT, "1"), Optional.empty());
                    store.add(NS, CONFIG, Map.of(GcLabels.ROOT, "1"), Optional.empty());
                    rot(Bytes.digest(LAYER));
                },
                PowerCutTest::repair);
    }

    // The stories.

    private void arrive(TestCas store, Telling telling, Pause pause) throws Exception {
        var cas = store.cas();
        try (var arrival = cas.blobs().arrive(Bytes.request(LAYER), landing -> {
            // The last piece first: bytes come in any order.
            for (int from = LAYER.length - PIECE; from >= 0; from -= PIECE) {
                landing.write(from, ByteBuffer.wrap(LAYER, from, PIECE));
                long landed = (long) LAYER.length - from;
                if (from > 0) {
                    pause.until(() -> recorded() == landed);
                    telling.resumable = landed;
                }
            }
            telling.resumable = 0;
        })) {
            arrival.awaitVerified();
            cas.contents().link(NS, arrival.digest(), Map.of(GcLabels.ROOT, "1"), Optional.empty());
            telling.linked.put(arrival.digest(), NS);
        }
    }

    /// Bytes of the arrival that are recorded as synced.
    private long recorded() {
        try {
            return RangeRecord.decode(Files.readAllBytes(new ContentLayout(live().resolve("content")).ranges(KEY)))
                    .map(record -> record.synced().stream()
                            .mapToLong(ByteRange::length)
                            .sum())
                    .orElse(0L);
        } catch (IOException none) {
            return 0;
        }
    }

    private static void ingest(TestCas store, Telling telling, Pause pause) throws Exception {
        try (var ingest = store.cas().ingests().open(NS, "a ref", Optional.empty())) {
            ingest.truncate();
            ingest.write(ByteBuffer.wrap(CONFIG, 0, 5_000));
            ingest.write(ByteBuffer.wrap(CONFIG, 5_000, CONFIG.length - 5_000));
            try {
                ingest.commit(CONFIG.length, Optional.of(Bytes.digest(CONFIG)), Map.of(GcLabels.ROOT, "1"));
            } catch (ApiException again) {
                assertThat(again.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS);
            }
            telling.linked.put(Bytes.digest(CONFIG), NS);
        }
    }

    private void nameAndDelete(TestCas store, Telling telling, Pause pause) throws Exception {
        var cas = store.cas();
        telling.linked.put(Bytes.digest(CONFIG), NS);
        var layer = store.add(NS, LAYER, Map.of(GcLabels.ROOT, "1"), Optional.empty());
        telling.linked.put(layer, NS);
        var manifest =
                store.add(NS, MANIFEST, Map.of(GcLabels.REF_CONTENT + ".l.0", layer.toString()), Optional.empty());
        cas.images().put(NS, "image", descriptor(manifest, MANIFEST.length), Map.of(), Optional.empty());
        cas.contents().update(NS, layer, new LabelUpdate.Set(Map.of(GcLabels.ROOT, "")));
        telling.linked.put(manifest, NS);
        telling.images.put("image", manifest);
        pause.until(() -> text(live().resolve("content/index.json")).contains("\"image\""));
        telling.images.clear();
        telling.linked.keySet().removeAll(Set.of(manifest, layer));
        cas.images().delete(NS, "image", Optional.empty(), true);
        assertThat(cas.contents().info(NS, layer)).isEmpty();
    }

    private static void admitAndGiveUp(TestCas store, Telling telling, Pause pause) throws Exception {
        var cas = store.cas();
        for (var body : List.of(LAYER, MANIFEST)) {
            try (var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
                arrival.awaitVerified();
                cas.cacheIndex().admit(arrival.digest(), Map.of());
                telling.linked.put(arrival.digest(), Namespaces.MIRROR);
            }
        }
        telling.linked.clear();
        cas.cacheIndex().shrinkTo(0);
        cas.collector().collect();
        assertThat(store.stored(Bytes.digest(LAYER))).isFalse();
    }

    private static void repair(TestCas store, Telling telling, Pause pause) throws Exception {
        telling.linked.put(Bytes.digest(CONFIG), NS);
        telling.rotten = true;
        var _ = store.cas().inspection().check(true, true, _ -> {});
        telling.rotten = false;
        assertThat(store.cas().contents().info(NS, Bytes.digest(LAYER))).isEmpty();
    }

    /// The disk gives back other bytes than it was given.
    private void rot(Digest digest) throws IOException {
        var blob = new ContentLayout(live().resolve("content")).blob(digest);
        Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-------"));
        var rotten = Files.readAllBytes(blob);
        rotten[rotten.length / 2] ^= 1;
        Files.write(blob, rotten);
        disk.before("sync", blob.toString());
        disk.after("sync", blob.toString());
    }

    // The cuts.

    private Path live() {
        return root.resolve("live");
    }

    private void cutEveryStep(Before before, Story story) throws Exception {
        var telling = new Telling();
        disk = new PowerCuts<>(live(), seed, telling::now);
        Files.createDirectories(live());
        if (before.equals(Before.NOTHING)) {
            disk.record();
        }
        List<PowerCuts.Cut<Told>> cuts;
        try (var store = new TestCas(live(), options -> options.withFaults(disk).withRecording(AT_ONCE))) {
            before.prepare(store);
            disk.record();
            story.live(store, telling, disk::await);
            cuts = disk.stop();
        }
        int opened = 0;
        var seen = new ArrayList<PowerCuts.Left>();
        for (var cut : cuts) {
            for (var left : cut.left()) {
                if (seen.stream().noneMatch(left::sameAs)) {
                    seen.addFirst(left);
                    check(left, cut, story);
                    opened++;
                }
            }
        }
        System.out.println(cuts.size() + " cuts left " + opened + " different disks");
        assertThat(cuts).hasSizeGreaterThan(2);
    }

    private void check(PowerCuts.Left left, PowerCuts.Cut<Told> cut, Story story) throws Exception {
        var when = "cut " + cut.step() + " before " + cut.before() + ", unsynced " + left.unsynced();
        var told = cut.told();
        var directory = root.resolve("left");
        left.writeTo(directory);
        ofAnotherBoot(directory);
        try (var store = new TestCas(directory)) {
            assertListedIsThere(store, directory, told, when);
            assertIndexFollows(store, directory, when);
            assertResumes(store, left, told, when);
            store.cas().collector().collect();
            assertNothingElse(store, directory, when);
            story.live(store, new Telling(), _ -> {});
            store.cas().collector().collect();
            assertNothingElse(store, directory, when);
            assertThat(names(directory.resolve("content/ingest"))).as(when).isEmpty();
        } catch (Exception e) {
            throw new AssertionError(when, e);
        }
        delete(directory);
    }

    /// What a record says of the boot it was made in is not what the next one is.
    private static void ofAnotherBoot(Path directory) throws IOException {
        for (var name : names(directory.resolve("content/ingest"))) {
            var file = directory.resolve("content/ingest").resolve(name);
            var record = RangeRecord.decode(Files.readAllBytes(file));
            if (record.isPresent()) {
                var before = record.get();
                Files.write(
                        file,
                        new RangeRecord(before.size(), "before the cut", before.synced(), before.written()).encode());
            }
        }
    }

    private static void assertListedIsThere(TestCas store, Path directory, Told told, String when) throws Exception {
        var cas = store.cas();
        for (var linked : told.linked().entrySet()) {
            assertThat(cas.contents().info(linked.getValue(), linked.getKey()))
                    .as(when)
                    .isPresent();
        }
        for (var image : told.images().entrySet()) {
            assertThat(cas.images()
                            .get(NS, image.getKey())
                            .orElseThrow()
                            .target()
                            .digest())
                    .as(when)
                    .isEqualTo(image.getValue());
        }
        for (var digest : listed(store)) {
            try (var blob = cas.blobs()
                    .open(digest)
                    .orElseThrow(() -> new AssertionError(when + ": " + digest + " is listed and not there"))) {
                assertThat(blob.size()).as(when).isPositive();
            }
        }
        for (var name : names(directory.resolve("content/blobs/sha256"))) {
            boolean known = told.rotten() && name.equals(Bytes.digest(LAYER).hex());
            var body =
                    Files.readAllBytes(directory.resolve("content/blobs/sha256").resolve(name));
            assertThat(known || Bytes.digest(body).hex().equals(name))
                    .as(when + ": " + name + " has its bytes")
                    .isTrue();
        }
    }

    private static Set<Digest> listed(TestCas store) throws Exception {
        var listed = new HashSet<Digest>();
        for (var namespace : store.cas().namespaces().list()) {
            store.cas().contents().list(namespace.name(), Filter.ALL, info -> listed.add(info.digest()));
        }
        return listed;
    }

    /// The next fetch brings what is missing and no more, and the whole is right.
    private static void assertResumes(TestCas store, PowerCuts.Left left, Told told, String when) throws Exception {
        try (var arrival = store.cas().blobs().arrive(Bytes.request(LAYER), landing -> {
            long missing =
                    landing.missing().stream().mapToLong(ByteRange::length).sum();
            if (left.unsynced() == Unsynced.LOST) {
                assertThat(LAYER.length - missing).as(when).isGreaterThanOrEqualTo(told.resumable());
            }
            for (var range : landing.missing()) {
                landing.write(range.from(), ByteBuffer.wrap(LAYER, (int) range.from(), (int) range.length()));
            }
        })) {
            assertThat(arrival.await()).as(when).isEqualTo(new Verdict.Verified(LAYER.length));
        }
    }

    private static void assertNothingElse(TestCas store, Path directory, String when) throws Exception {
        var listed = listed(store).stream().map(Digest::hex).toList();
        assertThat(names(directory.resolve("content/blobs/sha256")))
                .as(when)
                .containsExactlyInAnyOrderElementsOf(listed);
        assertThat(names(directory.resolve("tmp"))).as(when).noneMatch(name -> name.startsWith("gone-"));
        for (var name : names(directory.resolve("content/ingest"))) {
            assertThat(name).as(when).startsWith(ContentLayout.REF);
            assertThat(store.cas().ingests().list(NS, Filter.ALL)).as(when).isNotEmpty();
        }
    }

    private static void assertIndexFollows(TestCas store, Path directory, String when) throws Exception {
        var images = new ArrayList<String>();
        store.cas().images().list(NS, Filter.ALL).forEach(image -> images.add(image.name()));
        await().untilAsserted(() -> {
            var index = new ObjectMapper().readTree(text(directory.resolve("content/index.json")));
            var named = new ArrayList<String>();
            index.path("manifests")
                    .forEach(entry -> named.add(entry.path("annotations")
                            .path("io.containerd.image.name")
                            .asText()));
            assertThat(named).as(when).isEqualTo(images);
        });
    }

    private static List<String> names(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (var files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException none) {
            return "";
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
