package io.slipway.puller.image;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Landing;
import io.slipway.puller.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A manifest or index, read strictly: it comes from a stranger, and two programs that read one document differently
/// run two different images.
public sealed interface Document {
    /// What its descriptor must say.
    String mediaType();

    /// One image or artifact.
    record Manifest(String mediaType, Descriptor config, List<Descriptor> layers) implements Document {
        /// Copies the list.
        public Manifest {
            layers = List.copyOf(layers);
        }
    }

    /// Several, one of which fits.
    record Index(String mediaType, List<Entry> entries) implements Document {
        /// Copies the list.
        public Index {
            entries = List.copyOf(entries);
        }
    }

    /// One line of an index.
    record Entry(Descriptor descriptor, Optional<Platform> platform) {}

    /// Layers of one image; far more than a kernel can stack.
    int LAYERS_MAX = 1024;

    /// Reads a document whose digest is already verified.
    ///
    /// @param contentType as the server or the descriptor said
    /// @throws BadDocument when it can't be acted on; the message says why
    static Document parse(byte[] bytes, String contentType) throws BadDocument {
        return new Parser(contentType).parse(bytes);
    }

    /// A document that is malformed, ambiguous or of an unknown kind.
    final class BadDocument extends Exception {
        private static final long serialVersionUID = 1L;

        private final boolean unsupported;

        BadDocument(String message, boolean unsupported) {
            super(message);
            this.unsupported = unsupported;
        }

        /// Whether it may be well formed but is of a kind this program does not know.
        public boolean unsupported() {
            return unsupported;
        }
    }

    /// Strict JSON: no duplicate keys, no trailing text, bounded depth.
    final class Parser {
        private static final int DEPTH_MAX = 32;
        private static final int MEDIA_TYPE_CHARS_MAX = 255;
        private static final int ANNOTATIONS_MAX = 1024;
        /// The strict mapper.
        public static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxNestingDepth(DEPTH_MAX)
                                .build())
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();

        private final String declared;

        private Parser(String contentType) {
            this.declared = MediaTypes.bare(contentType);
        }

        private Document parse(byte[] bytes) throws BadDocument {
            if (MediaTypes.isSchema1(declared)) {
                throw schema1();
            }
            JsonNode root = read(bytes);
            if (!root.isObject()) {
                throw bad("the manifest is not a JSON object");
            }
            if (root.has("fsLayers") || root.path("schemaVersion").asInt(2) == 1) {
                throw schema1();
            }
            boolean layered = root.has("layers") || root.has("config");
            boolean listing = root.has("manifests");
            if (layered && listing) {
                throw bad("the manifest is ambiguous: it has both layers and manifests");
            }
            String type = type(root, layered, listing);
            if (MediaTypes.isIndex(type) && !layered) {
                return index(type, root.path("manifests"));
            }
            if (MediaTypes.isManifest(type) && !listing) {
                return manifest(type, root);
            }
            throw bad("the manifest's content does not fit its media type " + type);
        }

        /// Reads a document whose kind the caller knows.
        public static JsonNode read(byte[] bytes) throws BadDocument {
            try {
                return JSON.readTree(bytes);
            } catch (JacksonException e) {
                throw bad("not valid JSON: "
                        + e.getOriginalMessage().lines().findFirst().orElse(""));
            } catch (IOException e) {
                throw bad("not readable: " + e.getMessage());
            }
        }

        /// The type in the document, else the declared one; where both are there and known they must agree.
        private String type(JsonNode root, boolean layered, boolean listing) throws BadDocument {
            String inside = root.path("mediaType").asText("");
            boolean known = MediaTypes.isIndex(declared) || MediaTypes.isManifest(declared);
            if (known && !inside.isEmpty() && !inside.equals(declared)) {
                throw bad("the manifest says it is " + clip(inside) + " but was served as " + declared);
            }
            String type = known ? declared : inside;
            if (type.isEmpty()) {
                type = listing ? MediaTypes.OCI_INDEX : layered ? MediaTypes.OCI_MANIFEST : "";
            }
            if (MediaTypes.isSchema1(type)) {
                throw schema1();
            }
            if (!MediaTypes.isIndex(type) && !MediaTypes.isManifest(type)) {
                throw new BadDocument(
                        "media type \"" + clip(type.isEmpty() ? declared : type)
                                + "\" is neither an image manifest nor an index",
                        true);
            }
            return type;
        }

        private static BadDocument schema1() {
            return new BadDocument("Docker schema 1 manifests are not supported; push the image again", true);
        }

        private static BadDocument bad(String why) {
            return new BadDocument(why, false);
        }

        private static Index index(String type, JsonNode manifests) throws BadDocument {
            if (!manifests.isArray()) {
                throw bad("the index has no array of manifests");
            }
            List<Entry> entries = new ArrayList<>();
            for (JsonNode node : manifests) {
                entries.add(new Entry(descriptor(node), platform(node.path("platform"))));
            }
            return new Index(type, entries);
        }

        private static Optional<Platform> platform(JsonNode node) {
            String os = node.path("os").asText("");
            String architecture = node.path("architecture").asText("");
            if (os.isEmpty() || architecture.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(
                    Platform.normalised(os, architecture, node.path("variant").asText("")));
        }

        private static Manifest manifest(String type, JsonNode root) throws BadDocument {
            JsonNode layers = root.path("layers");
            if (!layers.isArray() && !layers.isMissingNode() && !layers.isNull()) {
                throw bad("layers is not an array");
            }
            if (layers.size() > LAYERS_MAX) {
                throw bad("the manifest has " + layers.size() + " layers, more than " + LAYERS_MAX);
            }
            List<Descriptor> list = new ArrayList<>();
            for (JsonNode layer : layers) {
                list.add(descriptor(layer));
            }
            return new Manifest(type, descriptor(root.path("config")), list);
        }

        private static Descriptor descriptor(JsonNode node) throws BadDocument {
            String type = node.path("mediaType").asText("");
            if (type.isEmpty() || type.length() > MEDIA_TYPE_CHARS_MAX) {
                throw bad("a descriptor has no usable media type");
            }
            JsonNode size = node.path("size");
            if (!size.isIntegralNumber() || !size.canConvertToLong()) {
                throw bad("a descriptor has no size");
            }
            long bytes = size.longValue();
            if (bytes < 0 || bytes > Landing.MAX_SIZE_BYTES) {
                throw bad("a descriptor has the impossible size " + bytes);
            }
            Map<String, String> annotations = new HashMap<>();
            for (Map.Entry<String, JsonNode> entry : node.path("annotations").properties()) {
                if (entry.getValue().isTextual() && annotations.size() < ANNOTATIONS_MAX) {
                    annotations.put(entry.getKey(), entry.getValue().textValue());
                }
            }
            return new Descriptor(type, digest(node.path("digest").asText("")), bytes, annotations);
        }

        static Digest digest(String text) throws BadDocument {
            try {
                return Digest.parse(text);
            } catch (IllegalArgumentException e) {
                throw bad("bad digest \"" + clip(text) + "\": " + e.getMessage());
            }
        }

        private static String clip(String text) {
            String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
            return clean.length() > 100 ? clean.substring(0, 100) + "..." : clean;
        }
    }
}
