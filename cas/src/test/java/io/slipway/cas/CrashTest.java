package io.slipway.cas;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FaultPlan;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The store is stopped or refused at every single step of a small life: ingest, publish, record, link, name,
/// delete, collect. What has been acknowledged is there afterwards, what is listed is readable and right,
/// nothing else stays.
@Timeout(120)
@SuppressWarnings("NullAway.Init")
final class CrashTest {

    @TempDir(factory = io.slipway.cas.testkit.FastTempDir.class)
    private Path root;

    private static final byte[] LAYER = Bytes.random(1, 700_000);
    private static final byte[] MANIFEST = Bytes.random(2, 2_000);
    private static final byte[] OTHER = Bytes.random(3, 1_000);

    /// What callers were told is done.
    private static final class Told {
        private final List<byte[]> linked = new ArrayList<>();
        private boolean named;
        private boolean deleting;
    }

    @Test
    void aCrashAtAnyStepLosesNothingAcknowledgedAndLeavesNothingBehind() throws Exception {
        for (int step = 1; ; step++) {
            var directory = root.resolve("crash-" + step);
            var plan = FaultPlan.crashAt(step);
            var told = live(directory, plan);
            check(directory, told, "crash at step " + step);
            if (!plan.struck()) {
                assertThat(step).as("steps seen").isGreaterThan(25);
                return;
            }
        }
    }

    @Test
    void aFullDiskAtAnyStepIsToldClearlyAndARetryWorks() throws Exception {
        for (int step = 1; ; step++) {
            var directory = root.resolve("full-" + step);
            var plan = FaultPlan.failAt(step, "No space left on device");
            try (var store = new TestCas(directory, plan)) {
                var told = new Told();
                attempt(store, told, true);
                // Tables that could not be made stay unmade until the next start, which says so.
                if (!told.deleting && !store.cas().metadata().ready().isCompletedExceptionally()) {
                    attempt(store, told, false);
                }
            } catch (StoreException atOpen) {
                assertThat(atOpen.noSpace()).isTrue();
                assertThat(atOpen).hasMessageContaining("make room");
            }
            var told = live(directory, FaultPlan.onDemand());
            assertThat(told.deleting).isTrue();
            check(directory, told, "full at step " + step);
            if (!plan.struck()) {
                return;
            }
        }
    }

    /// The life, as far as it gets.
    private static Told live(Path directory, FaultPlan plan) {
        var told = new Told();
        try (var store = new TestCas(directory, plan)) {
            attempt(store, told, true);
        } catch (IOException crashed) {
            // As planned.
        }
        return told;
    }

    private static void attempt(TestCas store, Told told, boolean mayFail) {
        try {
            var cas = store.cas();
            var layer = fetch(store, LAYER, Map.of());
            told.linked.add(LAYER);
            var manifest = fetch(store, MANIFEST, Map.of("containerd.io/gc.ref.content.l.0", layer.toString()));
            told.linked.add(MANIFEST);
            cas.images().put(NS, "image", descriptor(manifest, MANIFEST.length), Map.of(), Optional.empty());
            told.named = true;
            fetch(store, OTHER, Map.of(GcLabels.ROOT, "1"));
            told.linked.add(OTHER);
            told.deleting = true;
            cas.images().delete(NS, "image", Optional.empty(), true);
        } catch (IOException | RuntimeException e) {
            assertThat(mayFail).as(() -> String.valueOf(e)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Digest fetch(TestCas store, byte[] body, Map<String, String> labels)
            throws IOException, InterruptedException {
        var cas = store.cas();
        try (var arrival = cas.blobs().arrive(Bytes.request(body), landing -> {
            for (var range : landing.missing()) {
                int middle = (int) (range.length() / 2);
                int from = (int) range.from();
                landing.write(
                        range.from() + middle, ByteBuffer.wrap(body, from + middle, (int) range.length() - middle));
                landing.write(range.from(), ByteBuffer.wrap(body, from, middle));
            }
        })) {
            arrival.awaitVerified();
            cas.contents().link(NS, arrival.digest(), labels, Optional.empty());
            return arrival.digest();
        }
    }

    private static void check(Path directory, Told told, String when) throws Exception {
        try (var store = new TestCas(directory)) {
            var cas = store.cas();
            if (told.named && !told.deleting) {
                assertThat(cas.images().get(NS, "image")).as(when).isPresent();
            }
            if (!told.deleting) {
                for (var body : told.linked) {
                    assertThat(cas.contents().info(NS, Bytes.digest(body)))
                            .as(when)
                            .isPresent();
                }
            }
            var listed = new ArrayList<Digest>();
            cas.contents().list(NS, io.slipway.cas.filter.Filter.ALL, info -> {
                if (!told.deleting || told.named) {
                    listed.add(info.digest());
                }
            });
            for (var digest : listed) {
                try (var arrival = cas.blobs()
                        .arrive(
                                new ArrivalRequest(digest, java.util.OptionalLong.empty(), Provenance.UNKNOWN, "check"),
                                _ -> {
                                    throw new IOException(when + ": listed but not stored: " + digest);
                                })) {
                    assertThat(Bytes.digest(Bytes.readAll(arrival))).as(when).isEqualTo(digest);
                }
            }
            cas.collector().collect();
            assertTidy(store, directory, when);
            // And it all works again.
            var again = new Told();
            attempt(store, again, false);
            assertThat(again.deleting).as(when).isTrue();
            cas.collector().collect();
            assertThat(files(directory.resolve("content/ingest"))).as(when).isEmpty();
            assertTidy(store, directory, when);
        }
        assertThat(files(directory.resolve("content"))).as(when).noneMatch(name -> name.endsWith(".new"));
    }

    /// Whatever has a name in blobs/ is right, and is listed in some namespace.
    private static void assertTidy(TestCas store, Path directory, String when) throws Exception {
        for (var name : files(directory.resolve("content/blobs/sha256"))) {
            var digest = new Digest(Algorithm.SHA256, name);
            var body =
                    Files.readAllBytes(directory.resolve("content/blobs/sha256").resolve(name));
            assertThat(Bytes.digest(body)).as(when).isEqualTo(digest);
            // Of a store whose records could not be made at all, the next start finds the blobs.
            boolean listed = store.cas().contents().info(NS, digest).isPresent()
                    || store.cas().contents().info("slipway-recovered", digest).isPresent();
            assertThat(listed).as(when + ": " + digest + " is listed").isTrue();
        }
        assertThat(files(directory.resolve("tmp"))).as(when).noneMatch(name -> name.startsWith("gone-"));
    }

    private static List<String> files(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }
}
