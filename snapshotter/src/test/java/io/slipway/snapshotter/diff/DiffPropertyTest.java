package io.slipway.snapshotter.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.Descriptor;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.RandomTree;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random trees and random changes: the layer made of the difference gives the changed tree again, on an overlay and
/// on a flat copy, however it was made.
@Tag("root")
class DiffPropertyTest {
    private static final int ROUNDS = Integer.getInteger("slipway.diffs", 40);
    private static final int NODES = 40;
    private static final int CHANGES = 15;
    private static final String NS = "default";
    private static final List<LayerType> TYPES = List.of(LayerType.PLAIN, LayerType.GZIP, LayerType.ZSTD);
    private static final Optional<String> LEASE = Optional.of("test");
    private static final String OVERLAY = "overlayfs";

    @TempDir
    Path root;

    @Test
    void aDiffAppliesBackToTheSameTree() throws Exception {
        long seed = Long.getLong("slipway.seed", System.nanoTime());
        ExecutorService bytes = Executors.newFixedThreadPool(2);
        try (Fixture fixture = new Fixture(root);
                DiffService diffs = DiffService.open(
                        root, fixture.cas, LayerQuota.DEFAULT, StreamProcessors.NONE, new NoteMemory(), bytes)) {
            var _ = fixture.cas.leases().create(NS, LEASE, Map.of());
            for (int i = 0; i < ROUNDS; i++) {
                round(fixture, diffs, seed + i, TYPES.get(i % TYPES.size()));
            }
        } finally {
            bytes.shutdown();
        }
    }

    private void round(Fixture fixture, DiffService diffs, long seed, LayerType type) throws Exception {
        List<String> story = new ArrayList<>(List.of("seed " + seed));
        RandomTree random = new RandomTree(new Random(seed), story);
        String name = Long.toHexString(seed);
        var snapshots = fixture.snapshots();
        List<Mount> base = snapshots.prepare(NS, OVERLAY, name + "-a", "", Map.of(), LEASE);
        changed(fixture, random, base, NODES);
        snapshots.commit(NS, OVERLAY, name + "-A", name + "-a", Map.of(), "", LEASE);
        story.add("committed");
        List<Mount> right = snapshots.prepare(NS, OVERLAY, name + "-b", name + "-A", Map.of(), LEASE);
        List<Mount> left = snapshots.view(NS, OVERLAY, name + "-v", name + "-A", Map.of(), LEASE);
        Path flatBefore = copy(fixture, left, name + "-before");
        changed(fixture, random, right, CHANGES);
        Map<String, String> expected = withoutSockets(fixture.mounted(right, Trees::of));
        Path flatAfter = copy(fixture, right, name + "-after");

        Descriptor overlay = diff(diffs, left, right, type);
        assertThat(diff(diffs, left, right, type)).as("the same again").isEqualTo(overlay);
        Descriptor flat = diff(diffs, bind(flatBefore), bind(flatAfter), type);
        int copy = 0;
        for (Descriptor layer : List.of(overlay, flat)) {
            List<Mount> onto =
                    snapshots.prepare(NS, OVERLAY, name + "-" + layer.digest(), name + "-A", Map.of(), LEASE);
            place(diffs, layer, onto);
            assertThat(differences(expected, fixture.mounted(onto, Trees::of)))
                    .as("layer %d on an overlay: %s", copy, String.join("\n", story))
                    .isEmpty();
            Path target = copy(fixture, left, name + "-onto" + copy++);
            place(diffs, layer, bind(target));
            assertThat(differences(expected, Trees.of(target)))
                    .as("layer %d on a flat tree: %s", copy, String.join("\n", story))
                    .isEmpty();
            if (layer.equals(flat) && flat.equals(overlay)) {
                break;
            }
        }
    }

    private static List<String> differences(Map<String, String> expected, Map<String, String> found) {
        Map<String, String> actual = withoutSockets(found);
        List<String> lines = new ArrayList<>();
        var paths = new java.util.TreeSet<>(expected.keySet());
        paths.addAll(actual.keySet());
        for (String path : paths) {
            String wanted = expected.getOrDefault(path, "nothing");
            String is = actual.getOrDefault(path, "nothing");
            if (!wanted.equals(is)) {
                lines.add(path + ": expected " + wanted + ", is " + is);
            }
        }
        return lines;
    }

    private static Map<String, String> withoutSockets(Map<String, String> tree) {
        tree.values().removeIf(line -> line.startsWith("SOCKET"));
        return tree;
    }

    private static void place(DiffService diffs, Descriptor layer, List<Mount> onto) throws Exception {
        Descriptor applied = diffs.place(new PlaceRequest(NS, layer, onto, false, Map.of()));
        assertThat(applied.mediaType()).isEqualTo("application/vnd.oci.image.layer.v1.tar");
    }

    private static Descriptor diff(DiffService diffs, List<Mount> left, List<Mount> right, LayerType type)
            throws Exception {
        return diffs.make(new DiffRequest(NS, LEASE, left, right, type, "", Map.of("k", "v"), Optional.empty()));
    }

    private static void changed(Fixture fixture, RandomTree random, List<Mount> mounts, int changes)
            throws IOException {
        fixture.mounted(mounts, at -> {
            random.change(at, changes);
            return true;
        });
    }

    private static List<Mount> bind(Path directory) {
        return List.of(new Mount("bind", directory.toString(), "", List.of("rw", "rbind")));
    }

    private Path copy(Fixture fixture, List<Mount> mounts, String name) throws IOException {
        Path to = Files.createDirectories(root.resolve("copies").resolve(name));
        return fixture.mounted(mounts, at -> {
            Process cp = new ProcessBuilder("/bin/cp", "-a", at + "/.", to.toString())
                    .inheritIO()
                    .start();
            try {
                assertThat(cp.waitFor()).isZero();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            return to;
        });
    }
}
