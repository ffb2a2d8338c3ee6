package io.slipway.cas;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// The labels `containerd.io/gc.*` and what they mean.
public final class GcLabels {

    public static final String ROOT = "containerd.io/gc.root";
    public static final String EXPIRE = "containerd.io/gc.expire";
    public static final String FLAT = "containerd.io/gc.flat";
    public static final String REF_CONTENT = "containerd.io/gc.ref.content";
    public static final String REF_SNAPSHOT = "containerd.io/gc.ref.snapshot.";
    public static final String REF_IMAGE = "containerd.io/gc.ref.image";

    private GcLabels() {}

    /// Content or a snapshot with these labels is a root: `gc.root` with any value, or `gc.expire` in the
    /// future.
    public static boolean isRoot(Map<String, String> labels, Instant now) {
        return labels.containsKey(ROOT)
                || expiry(labels).map(at -> at.isAfter(now)).orElse(false);
    }

    /// An image or lease with these labels has expired.
    public static boolean isExpired(Map<String, String> labels, Instant now) {
        return expiry(labels).map(at -> !at.isAfter(now)).orElse(false);
    }

    /// `gc.expire`, RFC 3339; empty when absent or not a time.
    public static Optional<Instant> expiry(Map<String, String> labels) {
        var text = labels.get(EXPIRE);
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException unparsable) {
            return Optional.empty();
        }
    }

    /// What an object of `namespace` with these labels keeps alive.
    public static void references(String namespace, Map<String, String> labels, Consumer<GcNode> reference) {
        labelled(namespace, labels, (_, node) -> reference.accept(node));
    }

    /// [#references] with the label that each comes from.
    public static void labelled(String namespace, Map<String, String> labels, BiConsumer<String, GcNode> reference) {
        labels.forEach((key, value) -> {
            if (named(key, REF_CONTENT)) {
                reference.accept(key, GcNode.content(namespace, value));
            } else if (named(key, REF_IMAGE)) {
                reference.accept(key, new GcNode(namespace, GcNode.IMAGE, value));
            } else if (key.startsWith(REF_SNAPSHOT)) {
                var snapshotter = key.substring(REF_SNAPSHOT.length());
                int slash = snapshotter.indexOf('/');
                reference.accept(
                        key,
                        GcNode.snapshot(namespace, slash < 0 ? snapshotter : snapshotter.substring(0, slash), value));
            }
        });
    }

    /// Exactly the prefix, or the prefix followed by `.suffix` or `/suffix`.
    private static boolean named(String key, String prefix) {
        return key.startsWith(prefix)
                && (key.length() == prefix.length()
                        || key.charAt(prefix.length()) == '.'
                        || key.charAt(prefix.length()) == '/');
    }
}
