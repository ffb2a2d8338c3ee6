package io.slipway.cas;

import java.util.LinkedHashMap;
import java.util.Map;

/// A change of labels: replace them all, or set some (an empty value removes that label).
public sealed interface LabelUpdate {

    record ReplaceAll(Map<String, String> labels) implements LabelUpdate {
        public ReplaceAll {
            labels = Map.copyOf(labels);
        }
    }

    record Set(Map<String, String> labels) implements LabelUpdate {
        public Set {
            labels = Map.copyOf(labels);
        }
    }

    /// The labels after this change.
    default Map<String, String> applyTo(Map<String, String> before) {
        return switch (this) {
            case ReplaceAll(var labels) -> labels;
            case Set(var labels) -> {
                var after = new LinkedHashMap<>(before);
                labels.forEach((key, value) -> {
                    if (value.isEmpty()) {
                        after.remove(key);
                    } else {
                        after.put(key, value);
                    }
                });
                yield after;
            }
        };
    }
}
