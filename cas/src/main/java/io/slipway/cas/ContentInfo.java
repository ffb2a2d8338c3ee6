package io.slipway.cas;

import java.time.Instant;
import java.util.Map;

/// A blob as one namespace sees it.
public record ContentInfo(Digest digest, long size, Instant createdAt, Instant updatedAt, Map<String, String> labels) {

    public ContentInfo {
        labels = Map.copyOf(labels);
    }
}
