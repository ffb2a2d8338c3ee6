package io.slipway.daemon.lab;

import io.slipway.daemon.lab.TarBytes.Attributes;
import io.slipway.snapshotter.testkit.LayerEntry;
import io.slipway.snapshotter.testkit.RandomStack;
import io.slipway.snapshotter.testkit.Refusal;
import io.slipway.snapshotter.testkit.Shown;
import io.slipway.snapshotter.testkit.SmallestStack;
import io.slipway.snapshotter.testkit.StackModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// Random stacks of layers, many in one image: each stack has a top directory of its own (`s0`, `s1`, ...), and layer
/// `n` of the image is the `n`-th layer of all of them, so that one pull compares them all. A seed gives the same
/// stacks again.
public final class RandomStacks {
    private static final int LAYERS = 4;
    private static final int ENTRIES = 14;
    private static final int TOLD = 2;

    private final long seed;
    private final Map<String, List<List<LayerEntry>>> stacks = new LinkedHashMap<>();

    /// @param takers each stack is one that all of them take
    public RandomStacks(long seed, int count, StackModel... takers) {
        this.seed = seed;
        for (int i = 0; i < count; i++) {
            String top = "s" + i;
            stacks.put(top, RandomStack.of(new Random(seed + i), top, LAYERS, ENTRIES, Set.of(), List.of(takers)));
        }
    }

    List<LabLayers.Layer> layers() {
        List<LabLayers.Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < LAYERS; layer++) {
            int number = layer;
            layers.add(tar -> {
                for (List<List<LayerEntry>> stack : stacks.values()) {
                    for (LayerEntry entry : stack.get(number)) {
                        write(entry, tar);
                    }
                }
            });
        }
        return layers;
    }

    private static void write(LayerEntry entry, TarBytes tar) throws IOException {
        Map<String, byte[]> xattrs = new HashMap<>();
        entry.xattrs().forEach((name, value) -> xattrs.put(name, HexFormat.of().parseHex(value)));
        Attributes attributes = new Attributes(entry.mode(), entry.uid(), entry.gid(), entry.mtimeNs(), xattrs);
        switch (entry.kind()) {
            case FILE -> tar.file(entry.name(), attributes, entry.content().getBytes(StandardCharsets.US_ASCII));
            case DIRECTORY -> tar.directory(entry.name(), attributes);
            case SYMLINK -> tar.symlink(entry.name(), attributes, entry.link());
            case HARD_LINK -> tar.hardLink(entry.name(), attributes, entry.link());
            case FIFO -> tar.fifo(entry.name(), attributes);
            case WHITEOUT, OPAQUE -> tar.whiteout(entry.name());
        }
    }

    /// The tree that a model makes of all stacks.
    public SortedMap<String, Shown> tree(StackModel model) throws Refusal {
        SortedMap<String, Shown> all = new TreeMap<>();
        for (List<List<LayerEntry>> stack : stacks.values()) {
            all.putAll(model.tree(stack));
        }
        return all;
    }

    /// How many of the stacks two models make the same of, apart from times that one of them does not promise.
    public int alike(StackModel one, StackModel other) throws Refusal {
        int alike = 0;
        for (List<List<LayerEntry>> stack : stacks.values()) {
            SortedMap<String, Shown> left = one.tree(stack);
            SortedMap<String, Shown> right = other.tree(stack);
            boolean same = left.keySet().equals(right.keySet())
                    && left.keySet().stream()
                            .allMatch(name -> timeless(left, right, name).equals(timeless(right, left, name)));
            alike += same ? 1 : 0;
        }
        return alike;
    }

    private static Shown timeless(SortedMap<String, Shown> of, SortedMap<String, Shown> other, String name) {
        Shown shown = Objects.requireNonNull(of.get(name));
        return Objects.requireNonNull(other.get(name)).mtimeNs() == Shown.UNPROMISED ? shown.withoutTime() : shown;
    }

    /// What the smallest of the stacks with these top directories are made of, to read when a comparison fails.
    public String story(Set<String> tops) {
        StringBuilder story = new StringBuilder("seed ")
                .append(seed)
                .append(", ")
                .append(tops.size())
                .append(" stacks\n");
        stacks.entrySet().stream()
                .filter(stack -> tops.contains(stack.getKey()))
                .map(stack -> SmallestStack.story(stack.getValue()))
                .sorted(Comparator.comparingInt(String::length))
                .limit(TOLD)
                .forEach(one -> story.append(one).append('\n'));
        return story.toString();
    }
}
