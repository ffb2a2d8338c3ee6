package io.slipway.cas;

import java.time.Instant;
import java.util.Map;

/// A name in a namespace and the manifest or index it points at. The target blob need not be stored.
public record Image(String name, Map<String, String> labels, Descriptor target, Instant createdAt, Instant updatedAt) {

    public Image {
        labels = Map.copyOf(labels);
    }
}
