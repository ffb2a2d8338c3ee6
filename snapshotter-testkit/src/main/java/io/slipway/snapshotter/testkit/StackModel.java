package io.slipway.snapshotter.testkit;

import java.util.List;
import java.util.SortedMap;

/// An unpacker in memory.
public interface StackModel {
    /// The tree that the layers become, bottom first, by path.
    ///
    /// @throws Refusal when the unpacker refuses one of them
    SortedMap<String, Shown> tree(List<List<LayerEntry>> layers) throws Refusal;

    /// Whether it takes them all.
    default boolean takes(List<List<LayerEntry>> layers) {
        try {
            tree(layers);
            return true;
        } catch (Refusal _) {
            return false;
        }
    }
}
