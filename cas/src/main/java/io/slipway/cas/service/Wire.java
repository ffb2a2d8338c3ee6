package io.slipway.cas.service;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Timestamp;
import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.LabelUpdate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/// Between messages and values.
final class Wire {

    private static final String LABELS = "labels";

    private Wire() {}

    static Digest digest(String text) {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("\"" + text + "\": " + e.getMessage());
        }
    }

    static Timestamp timestamp(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }

    static Instant instant(Timestamp at) {
        return Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
    }

    static io.slipway.api.types.Descriptor descriptor(Descriptor descriptor) {
        return io.slipway.api.types.Descriptor.newBuilder()
                .setMediaType(descriptor.mediaType())
                .setDigest(descriptor.digest().toString())
                .setSize(descriptor.size())
                .putAllAnnotations(descriptor.annotations())
                .build();
    }

    /// Which labels an update changes: `labels.K` sets those keys (K is everything after the first dot),
    /// `labels` and no mask replace them all, any other path is refused.
    static LabelUpdate labels(FieldMask mask, Map<String, String> sent, String what) {
        if (mask.getPathsList().isEmpty()) {
            return new LabelUpdate.ReplaceAll(sent);
        }
        var set = new LinkedHashMap<String, String>();
        for (var path : mask.getPathsList()) {
            if (path.equals(LABELS)) {
                return new LabelUpdate.ReplaceAll(sent);
            }
            if (!path.startsWith(LABELS + ".")) {
                throw ApiException.invalid("cannot update \"" + path + "\" field on " + what);
            }
            var key = path.substring(LABELS.length() + 1);
            set.put(key, sent.getOrDefault(key, ""));
        }
        return new LabelUpdate.Set(set);
    }
}
