package io.slipway.puller.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.slipway.puller.image.Document.BadDocument;
import io.slipway.puller.image.Document.Parser;

/// Documents of archives, read as strictly as those of registries.
final class Json {
    private Json() {}

    static JsonNode read(String name, byte[] bytes) throws BadArchive {
        try {
            return Parser.read(bytes);
        } catch (BadDocument e) {
            throw new BadArchive("its " + name + ": " + e.getMessage(), e);
        }
    }

    /// Compact, keys in the order in which they were put.
    static byte[] write(JsonNode node) {
        try {
            return Parser.JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain nodes can be written", e);
        }
    }
}
