package io.slipway.cas;

import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.filter.Filter;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.FastTempDir;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pull, tag, lease, expire, delete, read and collect, interleaved at every step that a caller or a fetch makes on
/// disk and before every transaction: there, now and then, other operations run to their end, and are interrupted
/// by others in turn. What is referenced can be read at any time, an open reader never loses its bytes, and when
/// all is quiet a collection leaves exactly what is referenced.
///
/// One thread goes on at a time, so a seed plays the same interleavings again. They share stores, [#LIFE] at a
/// time. `-Dslipway.nightly=true` plays a hundred times as many, for half an hour at most.
@SuppressWarnings("NullAway.Init")
final class CollectionInterleavingsTest {

    private static final boolean NIGHTLY = Boolean.getBoolean("slipway.nightly");
    private static final int INTERLEAVINGS = Integer.getInteger("slipway.interleavings", NIGHTLY ? 1_000_000 : 10_000);
    private static final Duration TIME_MAX = Duration.ofMinutes(30);

    /// Operations on one store, with or without others within.
    private static final int LIFE = 700;

    private static final GcOptions NOT_BY_ITSELF = new GcOptions(0, 0, 0, Duration.ofDays(1), Duration.ofDays(1));

    private static final int DEPTH_MAX = 3;
    private static final int WITHIN_MAX = 4;
    private static final int TRACE_MAX = 400;
    private static final List<String> NAMESPACES = List.of("one", "two");
    private static final Duration LEASE_TIME = Duration.ofHours(1);

    /// Images of two layers each, most of which others have too.
    private static final List<byte[]> LAYERS = bodies(10, 4, 1_000);

    private static final List<byte[]> MANIFESTS = bodies(20, 3, 300);

    @TempDir(factory = FastTempDir.class)
    private Path root;

    private static List<byte[]> bodies(int seed, int count, int size) {
        var bodies = new ArrayList<byte[]>();
        for (int i = 0; i < count; i++) {
            bodies.add(Bytes.random(seed + i, size));
        }
        return bodies;
    }

    @Test
    void referencedIsReadableAndNothingElseStaysHoweverOperationsInterleave() throws Exception {
        long seed = Long.getLong("slipway.seed", new Random().nextLong());
        System.out.println("seed " + seed + " (-Dslipway.seed=" + seed + ")");
        long until = System.nanoTime() + TIME_MAX.toNanos();
        int played = 0;
        for (int life = 0; played < INTERLEAVINGS && System.nanoTime() < until; life++) {
            var directory = root.resolve("life-" + life);
            var schedule = new Schedule(new Random(seed + life));
            try (var store = new TestCas(
                    directory,
                    options -> options.withFaults(schedule)
                            .withClock(schedule.clock)
                            .withGc(NOT_BY_ITSELF))) {
                store.cas().metadata().ready().join();
                schedule.store = store;
                try {
                    played += schedule.live();
                } catch (Throwable e) {
                    throw new AssertionError(
                            "seed " + seed + ", life " + life + ":\n" + String.join("\n", schedule.trace), e);
                }
            }
        }
        System.out.println(played + " operations that others ran within");
        assertThat(played).isPositive();
    }

    /// Who does what next.
    private static final class Schedule implements Faults {
        private final Random random;
        private final Deque<String> trace = new ArrayDeque<>();
        private final Model model = new Model();
        private final Frozen clock = new Frozen();
        private TestCas store;

        // Confined to the thread whose turn it is.
        private int depth;
        private int budget;
        private boolean collecting;
        private int names;
        private boolean on;

        /// Threads that are part of the play: callers and fetches. The others (records, index.json, the database)
        /// are not stopped.
        private final ThreadLocal<Boolean> caller = ThreadLocal.withInitial(() -> false);

        Schedule(Random random) {
            this.random = random;
        }

        /// Operations that others ran within.
        int live() throws Exception {
            caller.set(true);
            on = true;
            int interleaved = 0;
            for (int i = 0; i < LIFE; i++) {
                budget = WITHIN_MAX;
                operation();
                interleaved += budget < WITHIN_MAX ? 1 : 0;
                model.verify(store, random);
                if (i % 10 == 9) {
                    quiet();
                }
            }
            on = false;
            return interleaved;
        }

        @Override
        public void before(String step, String subject) {
            if (!on || !(caller.get() || Thread.currentThread().getName().startsWith("fetch "))) {
                return;
            }
            while (depth < DEPTH_MAX && budget > 0 && random.nextInt(3) == 0) {
                budget--;
                depth++;
                note("within " + step + " of " + Path.of(subject).getFileName());
                boolean before = caller.get();
                caller.set(true);
                try {
                    operation();
                    model.verify(store, random);
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                } finally {
                    caller.set(before);
                    depth--;
                }
            }
        }

        private void note(String what) {
            trace.add("  ".repeat(depth) + what);
            if (trace.size() > TRACE_MAX) {
                trace.remove();
            }
        }

        private void operation() throws IOException, InterruptedException {
            var namespace = NAMESPACES.get(random.nextInt(NAMESPACES.size()));
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> pull(namespace, random.nextInt(MANIFESTS.size()));
                case 3 -> untag(namespace);
                case 4 -> lease(namespace);
                case 5 -> expire(namespace);
                case 6 -> delete(namespace);
                case 7 -> read();
                default -> collect();
            }
        }

        /// As a client does it: everything under a lease until the image has its name.
        private void pull(String namespace, int which) throws IOException, InterruptedException {
            var manifest = MANIFESTS.get(which);
            var layers = List.of(LAYERS.get(which), LAYERS.get(which + 1));
            var bodies = List.of(layers.get(0), layers.get(1), manifest);
            // A fetch that this is within can't go on before this has ended; what is being deleted is gone then.
            if (bodies.stream()
                    .map(Bytes::digest)
                    .anyMatch(digest -> model.arriving.contains(digest)
                            || model.deleting.contains(new Name(namespace, digest.hex())))) {
                return;
            }
            var cas = store.cas();
            note("pull " + namespace + " image-" + which);
            var lease = cas.leases()
                    .create(namespace, Optional.of("pull-" + names++), Map.of())
                    .id();
            model.busy.merge(namespace, 1, Integer::sum);
            for (var body : bodies) {
                var labels = new HashMap<String, String>();
                if (Arrays.equals(body, manifest)) {
                    for (int i = 0; i < layers.size(); i++) {
                        labels.put(
                                GcLabels.REF_CONTENT + ".l." + i,
                                Bytes.digest(layers.get(i)).toString());
                    }
                }
                fetch(namespace, body, labels, lease);
                model.hold(namespace, lease, Bytes.digest(body));
            }
            cas.images()
                    .put(
                            namespace,
                            "image-" + which,
                            descriptor(Bytes.digest(manifest), manifest.length),
                            Map.of(),
                            Optional.empty());
            model.images.put(new Name(namespace, "image-" + which), Bytes.digest(manifest));
            model.leases.remove(new Name(namespace, lease));
            cas.leases().delete(namespace, lease, false);
            model.busy.merge(namespace, -1, Integer::sum);
            note("pulled " + namespace + " image-" + which);
        }

        private void fetch(String namespace, byte[] body, Map<String, String> labels, String lease)
                throws IOException, InterruptedException {
            var digest = Bytes.digest(body);
            model.arriving.add(digest);
            try (var arrival = store.cas().blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
                arrival.awaitVerified();
                model.arriving.remove(digest);
                store.cas().contents().link(namespace, digest, labels, Optional.of(lease));
            }
        }

        private void untag(String namespace) throws IOException {
            var name = pick(model.images.keySet(), namespace);
            if (name.isPresent()) {
                note("untag " + name.get());
                model.images.remove(name.get());
                store.cas().images().delete(namespace, name.get().id(), Optional.empty(), false);
                // Also when it was given anew within.
                model.images.remove(name.get());
            }
        }

        /// Somebody holds on to what an image refers to, for an hour.
        private void lease(String namespace) throws IOException {
            var name = pick(model.images.keySet(), namespace);
            if (name.isEmpty()) {
                return;
            }
            var target = Objects.requireNonNull(model.images.get(name.get()));
            clock.now = clock.now.plusMillis(1);
            var ends = clock.now.plus(LEASE_TIME);
            note("lease " + name.get());
            var lease = store.cas()
                    .leases()
                    .create(namespace, Optional.of("hold-" + names++), Map.of(GcLabels.EXPIRE, ends.toString()))
                    .id();
            try {
                store.cas().leases().add(namespace, lease, Leases.Resource.content(target));
                // What went away meanwhile was too late to hold.
                if (target.equals(model.images.get(name.get())) && clock.now.isBefore(ends)) {
                    model.hold(namespace, lease, target);
                    model.ends.put(new Name(namespace, lease), ends);
                } else {
                    store.cas().leases().delete(namespace, lease, false);
                }
            } catch (ApiException over) {
                assertThat(over.code()).isEqualTo(ApiException.Code.NOT_FOUND);
                assertThat(clock.now).isAfter(ends);
            }
        }

        private void expire(String namespace) throws IOException {
            var name = pick(model.ends.keySet(), namespace);
            if (name.isPresent()) {
                note("the time of " + name.get() + " is up");
                var now = Objects.requireNonNull(model.ends.get(name.get())).plusSeconds(1);
                model.ends.entrySet().removeIf(entry -> {
                    boolean over = entry.getValue().isBefore(now);
                    if (over) {
                        model.leases.remove(entry.getKey());
                    }
                    return over;
                });
                clock.now = now;
            }
        }

        /// A client deletes what nothing refers to.
        private void delete(String namespace) throws IOException {
            if (model.busy.getOrDefault(namespace, 0) > 0) {
                return;
            }
            var alive = model.alive(namespace);
            for (var body : LAYERS) {
                var digest = Bytes.digest(body);
                var name = new Name(namespace, digest.hex());
                // One that this is within is not through yet, and would take away what comes after this one.
                if (!alive.contains(digest) && model.deleting.add(name)) {
                    note("delete " + namespace + " " + digest);
                    try {
                        store.cas().contents().delete(namespace, digest);
                    } catch (ApiException gone) {
                        assertThat(gone.code()).isEqualTo(ApiException.Code.NOT_FOUND);
                    } finally {
                        model.deleting.remove(name);
                    }
                    return;
                }
            }
        }

        private void read() throws IOException {
            if (model.open.size() > 3 || (random.nextBoolean() && !model.open.isEmpty())) {
                var reader = model.open.removeFirst();
                note("close " + reader.digest());
                reader.close();
                return;
            }
            var body = LAYERS.get(random.nextInt(LAYERS.size()));
            var blob = store.cas().blobs().open(Bytes.digest(body));
            note("open " + Bytes.digest(body) + (blob.isPresent() ? "" : ": absent"));
            blob.ifPresent(model.open::add);
        }

        private void collect() throws IOException {
            if (!collecting) {
                note("collect");
                collecting = true;
                store.cas().collector().collect();
                collecting = false;
                note("collected");
            }
        }

        private Optional<Name> pick(Collection<Name> names, String namespace) {
            var those = names.stream()
                    .filter(name -> name.namespace().equals(namespace))
                    .sorted(Comparator.comparing(Name::id))
                    .toList();
            return those.isEmpty() ? Optional.empty() : Optional.of(those.get(random.nextInt(those.size())));
        }

        /// Nothing runs: a collection leaves what is referenced, no more and no less.
        private void quiet() throws IOException, InterruptedException {
            on = false;
            while (!model.open.isEmpty()) {
                model.open.removeFirst().close();
            }
            note("quiet");
            store.cas().collector().collect();
            var stored = new TreeSet<String>();
            for (var namespace : NAMESPACES) {
                var alive = model.alive(namespace);
                var listed = new HashSet<Digest>();
                store.cas().contents().list(namespace, Filter.ALL, info -> listed.add(info.digest()));
                assertThat(listed).as("listed in " + namespace).isEqualTo(alive);
                alive.forEach(digest -> stored.add(digest.hex()));
            }
            try (var files = Files.list(store.root().resolve("content/blobs/sha256"))) {
                assertThat(new TreeSet<>(files.map(file -> String.valueOf(file.getFileName()))
                                .toList()))
                        .as("stored")
                        .isEqualTo(stored);
            }
            on = true;
        }
    }

    /// Time passes only when a lease is made to end.
    private static final class Frozen extends Clock {
        private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private record Name(String namespace, String id) {}

    /// What has been acknowledged and not been asked to go since.
    private static final class Model {
        private final Map<Name, Digest> images = new HashMap<>();
        private final Map<Name, Set<Digest>> leases = new HashMap<>();
        private final Map<Name, Instant> ends = new HashMap<>();
        private final Deque<Blob> open = new ArrayDeque<>();

        /// Fetched by operations that others run within.
        private final Set<Digest> arriving = new HashSet<>();

        /// Being deleted by operations that others run within.
        private final Set<Name> deleting = new HashSet<>();

        /// Pulls that others run within, by namespace.
        private final Map<String, Integer> busy = new TreeMap<>();

        void hold(String namespace, String lease, Digest digest) {
            leases.computeIfAbsent(new Name(namespace, lease), _ -> new HashSet<>())
                    .add(digest);
        }

        Set<Digest> alive(String namespace) {
            var alive = new HashSet<Digest>();
            images.forEach((name, target) -> reach(name, namespace, target, alive));
            leases.forEach((name, held) -> held.forEach(digest -> reach(name, namespace, digest, alive)));
            return alive;
        }

        private static void reach(Name from, String namespace, Digest digest, Set<Digest> alive) {
            if (!from.namespace().equals(namespace)) {
                return;
            }
            alive.add(digest);
            for (int i = 0; i < MANIFESTS.size(); i++) {
                if (digest.equals(Bytes.digest(MANIFESTS.get(i)))) {
                    alive.add(Bytes.digest(LAYERS.get(i)));
                    alive.add(Bytes.digest(LAYERS.get(i + 1)));
                }
            }
        }

        /// One that must be there is; all that are open can be read.
        void verify(TestCas store, Random random) throws IOException {
            var namespace = NAMESPACES.get(random.nextInt(NAMESPACES.size()));
            var alive = new ArrayList<>(new TreeSet<>(alive(namespace)));
            if (!alive.isEmpty()) {
                var digest = alive.get(random.nextInt(alive.size()));
                assertThat(store.cas().contents().info(namespace, digest))
                        .as(digest + " is listed in " + namespace)
                        .isPresent();
                try (var blob = store.cas()
                        .blobs()
                        .open(digest)
                        .orElseThrow(() ->
                                new AssertionError(digest + " is referenced in " + namespace + " and not there"))) {
                    assertRight(blob);
                }
            }
            for (var reader : open) {
                assertRight(reader);
                assertThat(store.stored(reader.digest()))
                        .as(reader.digest() + " is open and has its name")
                        .isTrue();
            }
        }

        private static void assertRight(Blob blob) throws IOException {
            var bytes = ByteBuffer.allocate((int) blob.size());
            while (bytes.hasRemaining() && blob.read(bytes.position(), bytes) >= 0) {}
            assertThat(Bytes.digest(bytes.array())).as("what an open blob has").isEqualTo(blob.digest());
        }
    }
}
