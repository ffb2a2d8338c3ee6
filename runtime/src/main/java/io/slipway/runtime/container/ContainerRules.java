package io.slipway.runtime.container;

import com.google.protobuf.Any;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.ApiException;
import io.slipway.cas.Identifier;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a record must look like and which of its fields an update may change (containerd-semantics 3 and 11), with
/// containerd's texts.
final class ContainerRules {
    static final int LABEL_BYTES_MAX = 4096;

    private static final String LABEL_PATH = "labels.";
    private static final String EXTENSION_PATH = "extensions.";
    /// What an update without a mask replaces.
    private static final List<String> MUTABLE = List.of("labels", "spec", "extensions", "image", "snapshotkey");

    private ContainerRules() {}

    /// Checks a record as it is about to be stored.
    ///
    /// @param operation `create` or `update`, for the text
    /// @throws ApiException INVALID_ARGUMENT for the first rule that is broken
    static Container check(String operation, Container container) {
        String broken = firstBroken(container);
        if (!broken.isEmpty()) {
            throw ApiException.invalid(operation + " container failed validation: " + broken);
        }
        return container;
    }

    private static String firstBroken(Container container) {
        try {
            Identifier.check(container.getId());
        } catch (ApiException e) {
            return "container.ID: " + withoutClass(e);
        }
        if (container.getExtensionsMap().containsKey("")) {
            return "extension keys can not be zero-length";
        }
        for (Map.Entry<String, Any> extension : container.getExtensionsMap().entrySet()) {
            if (extension.getValue().getTypeUrl().isEmpty()
                    && extension.getValue().getValue().isEmpty()) {
                return "container.Extensions[\"" + extension.getKey() + "\"] must be set";
            }
        }
        for (Map.Entry<String, String> label : container.getLabelsMap().entrySet()) {
            if (bytes(label.getKey()) + bytes(label.getValue()) > LABEL_BYTES_MAX) {
                return "label key and value greater than maximum size (" + LABEL_BYTES_MAX + " bytes), key: "
                        + shortened(label.getKey());
            }
        }
        if (container.getRuntime().getName().isEmpty()) {
            return "container.Runtime.Name must be set";
        }
        if (!container.hasSpec()) {
            return "container.Spec must be set";
        }
        if (!container.getSnapshotKey().isEmpty() && container.getSnapshotter().isEmpty()) {
            return "container.Snapshotter must be set if container.SnapshotKey is set";
        }
        return "";
    }

    /// The record after an update.
    ///
    /// @param paths of the update mask; empty replaces every mutable field
    /// @throws ApiException INVALID_ARGUMENT for a field that never changes
    static Container update(Container stored, Container wanted, List<String> paths) {
        if (paths.isEmpty()) {
            if (!wanted.getSnapshotter().equals(stored.getSnapshotter())) {
                throw ApiException.invalid("container.Snapshotter field is immutable");
            }
            if (!wanted.getRuntime().getName().equals(stored.getRuntime().getName())) {
                throw ApiException.invalid("container.Runtime.Name field is immutable");
            }
        }
        Container.Builder next = stored.toBuilder();
        for (String path : paths.isEmpty() ? MUTABLE : paths) {
            if (path.startsWith(LABEL_PATH)) {
                setLabel(next, path.substring(LABEL_PATH.length()), wanted);
            } else if (path.startsWith(EXTENSION_PATH)) {
                setExtension(next, path.substring(EXTENSION_PATH.length()), wanted);
            } else {
                setField(next, path, wanted);
            }
        }
        return check("update", next.build());
    }

    private static void setField(Container.Builder next, String path, Container wanted) {
        switch (path) {
            case "labels" -> next.clearLabels().putAllLabels(wanted.getLabelsMap());
            case "spec" -> {
                if (wanted.hasSpec()) {
                    next.setSpec(wanted.getSpec());
                } else {
                    next.clearSpec();
                }
            }
            case "extensions" -> next.clearExtensions().putAllExtensions(wanted.getExtensionsMap());
            case "image" -> next.setImage(wanted.getImage());
            case "snapshotkey" -> next.setSnapshotKey(wanted.getSnapshotKey());
            default -> throw ApiException.invalid("cannot update \"" + path + "\" field on \"" + wanted.getId() + "\"");
        }
    }

    /// An empty value takes the label away.
    private static void setLabel(Container.Builder next, String key, Container wanted) {
        String value = wanted.getLabelsOrDefault(key, "");
        if (value.isEmpty()) {
            next.removeLabels(key);
        } else {
            next.putLabels(key, value);
        }
    }

    private static void setExtension(Container.Builder next, String key, Container wanted) {
        Map<String, Any> extensions = new LinkedHashMap<>(next.getExtensionsMap());
        Any value = wanted.getExtensionsMap().get(key);
        if (value == null) {
            extensions.remove(key);
        } else {
            extensions.put(key, value);
        }
        next.clearExtensions().putAllExtensions(extensions);
    }

    private static String withoutClass(ApiException e) {
        String text = String.valueOf(e.getMessage());
        String suffix = ": invalid argument";
        return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
    }

    private static String shortened(String key) {
        return key.length() > 64 ? key.substring(0, 64) : key;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
