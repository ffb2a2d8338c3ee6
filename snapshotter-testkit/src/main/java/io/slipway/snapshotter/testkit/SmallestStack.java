package io.slipway.snapshotter.testkit;

import java.util.ArrayList;
import java.util.List;

/// Finds what of a stack makes a test fail: takes entries away one by one as long as the rest fails too.
public final class SmallestStack {
    private SmallestStack() {}

    /// Whether a stack fails.
    public interface Failing {
        boolean test(List<List<LayerEntry>> stack) throws Exception;
    }

    /// A failing stack of which nothing can be left out.
    public static List<List<LayerEntry>> of(List<List<LayerEntry>> failing, Failing test) throws Exception {
        List<List<LayerEntry>> smallest = failing;
        boolean smaller = true;
        while (smaller) {
            smaller = false;
            for (int layer = 0; layer < smallest.size(); layer++) {
                for (int entry = smallest.get(layer).size() - 1; entry >= 0; entry--) {
                    List<List<LayerEntry>> less = without(smallest, layer, entry);
                    if (test.test(less)) {
                        smallest = less;
                        smaller = true;
                    }
                }
            }
        }
        return smallest;
    }

    private static List<List<LayerEntry>> without(List<List<LayerEntry>> stack, int layer, int entry) {
        List<List<LayerEntry>> less = new ArrayList<>();
        stack.forEach(entries -> less.add(new ArrayList<>(entries)));
        var _ = less.get(layer).remove(entry);
        return less;
    }

    /// A stack as text, one line for each entry.
    public static String story(List<List<LayerEntry>> stack) {
        StringBuilder story = new StringBuilder();
        for (int layer = 0; layer < stack.size(); layer++) {
            for (LayerEntry entry : stack.get(layer)) {
                story.append("layer %d: %s%n".formatted(layer, entry));
            }
        }
        return story.toString();
    }
}
