package io.slipway.cas.meta;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Identifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/// What `index.json`, as [IndexFile] writes it, says about the images of all namespaces.
///
/// @param written when
/// @param images those that can be made out
/// @param unreadable how many entries can't
record NamedImages(Instant written, List<Named> images, int unreadable) {

    /// Larger than any that was ever written; a damaged length must not fill memory.
    private static final long BYTES_MAX = 64L << 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    record Named(String namespace, String name, Descriptor target) {}

    /// Empty when there is no such file, or it is none that was written here.
    static Optional<NamedImages> read(Path file) throws IOException {
        if (!Files.exists(file) || Files.size(file) > BYTES_MAX) {
            return Optional.empty();
        }
        JsonNode manifests;
        try {
            manifests = JSON.readTree(Files.readAllBytes(file)).path("manifests");
        } catch (com.fasterxml.jackson.core.JacksonException torn) {
            return Optional.empty();
        }
        if (!manifests.isArray()) {
            return Optional.empty();
        }
        var images = new ArrayList<Named>();
        for (var entry : manifests) {
            named(entry).ifPresent(images::add);
        }
        return Optional.of(
                new NamedImages(Files.getLastModifiedTime(file).toInstant(), images, manifests.size() - images.size()));
    }

    private static Optional<Named> named(JsonNode entry) {
        var annotations = new HashMap<String, String>();
        entry.path("annotations")
                .properties()
                .forEach(annotation -> annotations.put(
                        annotation.getKey(), annotation.getValue().asText()));
        var namespace = annotations.remove(IndexFile.NAMESPACE);
        var name = annotations.remove(IndexFile.IMAGE_NAME);
        annotations.remove(IndexFile.REF_NAME, name);
        var mediaType = entry.path("mediaType").asText();
        long size = entry.path("size").asLong();
        if (namespace == null || name == null || name.isEmpty() || mediaType.isEmpty() || size <= 0) {
            return Optional.empty();
        }
        try {
            var digest = Digest.parse(entry.path("digest").asText());
            return Optional.of(
                    new Named(Identifier.check(namespace), name, new Descriptor(mediaType, digest, size, annotations)));
        } catch (RuntimeException notOurs) {
            return Optional.empty();
        }
    }
}
