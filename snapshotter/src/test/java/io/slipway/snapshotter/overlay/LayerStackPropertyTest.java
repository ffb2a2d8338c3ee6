package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Stacks;
import io.slipway.snapshotter.testkit.FlatModel;
import io.slipway.snapshotter.testkit.LayerEntry;
import io.slipway.snapshotter.testkit.Manner;
import io.slipway.snapshotter.testkit.RandomStack;
import io.slipway.snapshotter.testkit.RandomStack.Feature;
import io.slipway.snapshotter.testkit.Refusal;
import io.slipway.snapshotter.testkit.Shown;
import io.slipway.snapshotter.testkit.SmallestStack;
import io.slipway.snapshotter.testkit.StackModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random stacks of layers: applied each without its parents and linked, they show the tree that applying them one
/// after another gives, by a model that shares no code with what is tested. `-Dslipway.seed` begins with a printed
/// seed (the same ones each time, but for `-Dslipway.nightly=true`), `-Dslipway.stacks` says how many.
@Tag("root")
class LayerStackPropertyTest {
    private static final boolean NIGHTLY = Boolean.getBoolean("slipway.nightly");
    private static final int STACKS = Integer.getInteger("slipway.stacks", NIGHTLY ? 3000 : 60);
    private static final int LAYERS = 4;
    private static final int ENTRIES = 12;
    private static final int WILD_ENTRIES = 3;
    private static final int STORIES_MAX = 5;
    private static final Set<Feature> FEATURES = EnumSet.allOf(Feature.class);

    @TempDir
    Path root;

    private final long seed = Long.getLong("slipway.seed", NIGHTLY ? System.nanoTime() : 1);

    /// On the driver that is tested.
    Layers layers(Path dir) throws Exception {
        return new Layers(dir);
    }

    /// How that driver departs from the plain reading of the specification.
    Set<Manner> manners() {
        return Manner.OVERLAYFS;
    }

    @Test
    void parallelEqualsSequential() throws Exception {
        everyStack((random, model) -> RandomStack.of(random, "s", LAYERS, ENTRIES, FEATURES, List.of(model)));
    }

    /// What can't be applied is refused, and what can is not.
    @Test
    void whatTheRulesRefuseIsRefused() throws Exception {
        everyStack((random, model) -> {
            List<List<LayerEntry>> stack =
                    new ArrayList<>(RandomStack.of(random, "s", 1, ENTRIES, FEATURES, List.of(model)));
            stack.add(RandomStack.wild(random, "s", WILD_ENTRIES, FEATURES));
            return stack;
        });
    }

    private interface Making {
        List<List<LayerEntry>> stack(Random random, StackModel model);
    }

    private void everyStack(Making making) throws Exception {
        System.out.println("seed " + seed);
        StackModel model = new FlatModel(manners());
        StackModel tested = tested();
        List<String> stories = new ArrayList<>();
        for (int i = 0; i < STACKS && stories.size() < STORIES_MAX; i++) {
            List<List<LayerEntry>> stack = making.stack(new Random(seed + i), tested);
            if (promised(tested, model, stack) && !differences(model, stack).isEmpty()) {
                List<List<LayerEntry>> smallest = SmallestStack.of(
                        stack,
                        less -> promised(tested, model, less)
                                && !differences(model, less).isEmpty());
                stories.add("seed %d%n%s%s"
                        .formatted(
                                seed + i,
                                SmallestStack.story(smallest),
                                String.join("\n", differences(model, smallest))));
            }
        }
        assertThat(stories).as(() -> String.join("\n\n", stories)).isEmpty();
    }

    /// Of what is refused, only what is so whether links of lower layers are followed or hidden: either may be meant
    /// where a layer reaches a place in two ways.
    private static boolean promised(StackModel tested, StackModel model, List<List<LayerEntry>> stack) {
        StackModel hiding = new FlatModel(Manner.OVERLAYFS);
        return tested.takes(stack) || (!model.takes(stack) && !hiding.takes(stack));
    }

    /// Takes what the driver's trees are promised for.
    private StackModel tested() {
        Set<Manner> promised = new HashSet<>(manners());
        promised.add(Manner.ONE_WAY_TO_A_PLACE);
        return new FlatModel(promised);
    }

    private List<String> differences(StackModel model, List<List<LayerEntry>> stack) throws Exception {
        Optional<SortedMap<String, Shown>> expected = expected(model, stack);
        try (Layers layers = layers(Files.createTempDirectory(root, "stack"))) {
            for (List<LayerEntry> layer : stack) {
                layers.apply(Stacks.tar(layer));
            }
            if (expected.isEmpty()) {
                return List.of("not refused");
            }
            return differences(Stacks.lines(expected.get()), layers.tree(Stacks.timeless(expected.get())));
        } catch (LayerFormatException e) {
            return expected.isEmpty() ? List.of() : List.of("refused: " + e.getMessage());
        }
    }

    private static Optional<SortedMap<String, Shown>> expected(StackModel model, List<List<LayerEntry>> stack) {
        try {
            return Optional.of(model.tree(stack));
        } catch (Refusal _) {
            return Optional.empty();
        }
    }

    private static List<String> differences(Map<String, String> expected, Map<String, String> actual) {
        Set<String> paths = new TreeSet<>(expected.keySet());
        paths.addAll(actual.keySet());
        List<String> differences = new ArrayList<>();
        for (String path : paths) {
            String wanted = expected.getOrDefault(path, "nothing");
            String found = actual.getOrDefault(path, "nothing");
            if (!wanted.equals(found)) {
                differences.add(path + ": expected " + wanted + ", is " + found);
            }
        }
        return differences;
    }
}
