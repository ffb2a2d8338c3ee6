package io.slipway.cas.meta;

import io.slipway.cas.ApiException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The rule for labels (containerd-semantics 3).
final class Labels {

    private static final int MAX_BYTES = 4096;

    private Labels() {}

    static Map<String, String> check(Map<String, String> labels) {
        labels.forEach((key, value) -> {
            if (key.isEmpty()) {
                throw ApiException.invalid("label key must not be empty");
            }
            if (utf8(key) + utf8(value) > MAX_BYTES) {
                throw ApiException.invalid("label key and value greater than maximum size (" + MAX_BYTES
                        + " bytes), key: " + (key.length() > 64 ? key.substring(0, 64) : key));
            }
        });
        return labels;
    }

    private static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
