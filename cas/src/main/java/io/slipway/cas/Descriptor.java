package io.slipway.cas;

import java.util.Map;

/// What points at a blob (OCI image-spec descriptor.md): its media type, digest, size in bytes and annotations.
public record Descriptor(String mediaType, Digest digest, long size, Map<String, String> annotations) {

    public Descriptor {
        if (size < 0) {
            throw new IllegalArgumentException("size " + size + " is negative");
        }
        annotations = Map.copyOf(annotations);
    }

    public Descriptor(String mediaType, Digest digest, long size) {
        this(mediaType, digest, size, Map.of());
    }
}
