package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.linux.IdMapping;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Rules of labels (containerd-semantics 3).
final class Labels {
    static final String TARGET = "containerd.io/snapshot.ref";
    private static final String UIDS = "containerd.io/snapshot/uidmapping";
    private static final String GIDS = "containerd.io/snapshot/gidmapping";
    private static final int PAIR_BYTES_MAX = 4096;
    private static final String FIELD = "labels";

    private Labels() {}

    static Map<String, String> checked(Map<String, String> labels) {
        labels.forEach((key, value) -> {
            if (key.isEmpty()) {
                throw ApiException.invalid("label without a key");
            }
            if (bytes(key) + bytes(value) > PAIR_BYTES_MAX) {
                String shown = key.length() > 64 ? key.substring(0, 64) : key;
                throw ApiException.invalid(
                        "label key and value greater than maximum size (" + PAIR_BYTES_MAX + " bytes), key: " + shown);
            }
        });
        return labels;
    }

    /// Whom a client wants to see as owners; INVALID_ARGUMENT for what is no mapping.
    static IdMapping ids(Map<String, String> labels) {
        if (!labels.containsKey(UIDS) && !labels.containsKey(GIDS)) {
            return IdMapping.NONE;
        }
        try {
            IdMapping ids = IdMapping.parse(labels.getOrDefault(UIDS, ""), labels.getOrDefault(GIDS, ""));
            var _ = ids.rootUser() + ids.rootGroup();
            return ids;
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("labels " + UIDS + " and " + GIDS + ": " + e.getMessage());
        }
    }

    /// What an active snapshot holds was written by the ids that it was prepared for: with another mapping nobody
    /// could tell whose it is, nor whether it can become a layer.
    static void requireSameIds(String key, Map<String, String> before, Map<String, String> after) {
        for (String label : List.of(UIDS, GIDS)) {
            if (!Objects.equals(before.get(label), after.get(label))) {
                throw ApiException.failedPrecondition("snapshot \"" + key + "\" is active and keeps the labels " + UIDS
                        + " and " + GIDS + " as it was prepared; prepare another one");
            }
        }
    }

    /// The labels after an update with that mask.
    static Map<String, String> updated(Map<String, String> before, Map<String, String> given, List<String> mask) {
        if (mask.isEmpty()) {
            return given;
        }
        Map<String, String> after = new LinkedHashMap<>(before);
        for (String path : mask) {
            if (path.equals(FIELD)) {
                after.clear();
                after.putAll(given);
            } else if (path.startsWith(FIELD + ".") && path.length() > FIELD.length() + 1) {
                String key = path.substring(FIELD.length() + 1);
                String value = given.getOrDefault(key, "");
                if (value.isEmpty()) {
                    after.remove(key);
                } else {
                    after.put(key, value);
                }
            } else {
                throw ApiException.invalid("cannot update \"" + path + "\" field on snapshot");
            }
        }
        return after;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
