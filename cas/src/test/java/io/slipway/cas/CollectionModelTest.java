package io.slipway.cas;

import static io.slipway.cas.testkit.TestCas.NS;
import static io.slipway.cas.testkit.TestCas.descriptor;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Random lives of images, leases, references and open blobs against a plain model of what must be alive.
@Timeout(120)
@SuppressWarnings("NullAway.Init")
final class CollectionModelTest {

    private static final int STEPS = 250;
    private static final List<String> NAMESPACES = List.of(NS, "other");

    @TempDir(factory = io.slipway.cas.testkit.FastTempDir.class)
    private Path root;

    private record Key(String namespace, Digest digest) {}

    private static final class Model {
        final Map<Key, Set<Digest>> contents = new HashMap<>();
        final Map<String, Map<String, Digest>> images = new HashMap<>();
        final Map<String, Map<String, Set<Digest>>> leases = new HashMap<>();
        final Map<Digest, Blob> open = new HashMap<>();

        Set<Key> alive() {
            var alive = new HashSet<Key>();
            for (var namespace : NAMESPACES) {
                images.getOrDefault(namespace, Map.of()).values().forEach(target -> reach(namespace, target, alive));
                leases.getOrDefault(namespace, Map.of())
                        .values()
                        .forEach(held -> held.forEach(digest -> reach(namespace, digest, alive)));
                open.keySet().forEach(digest -> reach(namespace, digest, alive));
            }
            return alive;
        }

        private void reach(String namespace, Digest digest, Set<Key> alive) {
            var key = new Key(namespace, digest);
            if (contents.containsKey(key) && alive.add(key)) {
                contents.getOrDefault(key, Set.of()).forEach(child -> reach(namespace, child, alive));
            }
        }
    }

    @Test
    void referencedIsReadableAndNothingElseStays() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var model = new Model();
        try (var store = new TestCas(root)) {
            for (int step = 0; step < STEPS; step++) {
                step(store, model, random, step);
            }
            model.open.values().forEach(Blob::close);
            model.open.clear();
            collectAndCheck(store, model);
        }
    }

    private static void step(TestCas store, Model model, Random random, int step) throws Exception {
        var cas = store.cas();
        var namespace = NAMESPACES.get(random.nextInt(NAMESPACES.size()));
        var known = model.contents.keySet().stream()
                .filter(key -> key.namespace().equals(namespace))
                .map(Key::digest)
                .sorted()
                .toList();
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                var labels = new HashMap<String, String>();
                for (int i = 0; i < random.nextInt(3) && !known.isEmpty(); i++) {
                    var child = known.get(random.nextInt(known.size()));
                    labels.put(GcLabels.REF_CONTENT + ".l." + i, child.toString());
                }
                var body = Bytes.random(random.nextInt(60), 200);
                // Under a lease for the moment, as a client would: a collection may run at any time.
                var lease = cas.leases()
                        .create(namespace, Optional.empty(), Map.of())
                        .id();
                var digest = store.add(namespace, body, labels, Optional.of(lease));
                var key = new Key(namespace, digest);
                // The same body may have been there with other references: labels add up.
                var references = new HashSet<Digest>();
                var info = cas.contents().info(namespace, digest).orElseThrow();
                info.labels().values().forEach(value -> references.add(Digest.parse(value)));
                model.contents.put(key, references);
                model.leases.computeIfAbsent(namespace, _ -> new HashMap<>()).put(lease, new HashSet<>(Set.of(digest)));
            }
            case 2 -> {
                if (!known.isEmpty()) {
                    var target = known.get(random.nextInt(known.size()));
                    var name = "image-" + random.nextInt(5);
                    cas.images().put(namespace, name, descriptor(target, 200), Map.of(), Optional.empty());
                    model.images
                            .computeIfAbsent(namespace, _ -> new HashMap<>())
                            .put(name, target);
                    settle(store, model);
                }
            }
            case 3 -> {
                var images = model.images.getOrDefault(namespace, new HashMap<>());
                if (!images.isEmpty()) {
                    var name = images.keySet().stream().sorted().findFirst().orElseThrow();
                    images.remove(name);
                    cas.images().delete(namespace, name, Optional.empty(), true);
                    settle(store, model);
                }
            }
            case 4, 5 -> {
                var leases = model.leases.getOrDefault(namespace, new HashMap<>());
                if (!leases.isEmpty()) {
                    var id = leases.keySet().stream().sorted().findFirst().orElseThrow();
                    leases.remove(id);
                    cas.leases().delete(namespace, id, true);
                    settle(store, model);
                }
            }
            case 6 -> {
                if (!known.isEmpty()) {
                    var digest = known.get(random.nextInt(known.size()));
                    var blob = cas.blobs().open(digest);
                    assertThat(blob).as("step " + step).isPresent();
                    var before = model.open.put(digest, blob.orElseThrow());
                    if (before != null) {
                        before.close();
                    }
                }
            }
            default -> {
                for (var digest : List.copyOf(model.open.keySet())) {
                    try (var blob =
                            Optional.ofNullable(model.open.remove(digest)).orElseThrow()) {
                        var buffer = java.nio.ByteBuffer.allocate(200);
                        assertThat(blob.read(0, buffer)).isEqualTo(200);
                        assertThat(Bytes.digest(buffer.array())).isEqualTo(digest);
                    }
                }
                collectAndCheck(store, model);
            }
        }
    }

    /// A collection may have run by itself: ask for one more, so that model and store agree.
    private static void settle(TestCas store, Model model) throws Exception {
        store.cas().collector().collect();
        model.contents.keySet().retainAll(model.alive());
    }

    private static void collectAndCheck(TestCas store, Model model) throws Exception {
        settle(store, model);
        var listed = new ArrayList<Key>();
        for (var namespace : NAMESPACES) {
            store.cas()
                    .contents()
                    .list(
                            namespace,
                            io.slipway.cas.filter.Filter.ALL,
                            info -> listed.add(new Key(namespace, info.digest())));
        }
        assertThat(listed).containsExactlyInAnyOrderElementsOf(model.contents.keySet());
        for (var key : listed) {
            assertThat(store.stored(key.digest())).isTrue();
        }
    }
}
