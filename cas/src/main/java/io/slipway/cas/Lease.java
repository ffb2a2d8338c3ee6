package io.slipway.cas;

import java.time.Instant;
import java.util.Map;

/// A named root that keeps what is attached to it, until deleted or until its label `containerd.io/gc.expire`
/// has passed.
public record Lease(String id, Instant createdAt, Map<String, String> labels) {

    public Lease {
        labels = Map.copyOf(labels);
    }
}
