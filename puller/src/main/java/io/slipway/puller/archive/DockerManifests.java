package io.slipway.puller.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.slipway.cas.Descriptor;
import io.slipway.puller.archive.Archive.Stored;
import io.slipway.puller.image.Document;
import io.slipway.puller.image.MediaTypes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `docker save`'s `manifest.json`, of which image manifests are made as containerd makes them: the same archive gives
/// the same digest there and here.
final class DockerManifests {
    private static final String CONFIG = "application/vnd.docker.container.image.v1+json";
    private static final String LAYER = "application/vnd.docker.image.rootfs.diff.tar";
    private static final int IMAGES_MAX = 1_000;
    private static final int TAGS_MAX = 1_000;

    private final Archive archive;
    private final Compressions compressions;

    DockerManifests(Archive archive, Compressions compressions) {
        this.archive = archive;
        this.compressions = compressions;
    }

    /// Finds out how a stored layer is packed.
    interface Compressions {
        /// `""`, `.gzip` or `.zstd`.
        String suffix(Stored layer) throws BadArchive, IOException;
    }

    /// An image of the archive: its manifest, and its names.
    record Image(ObjectNode manifest, List<String> names) {
        static Descriptor descriptor(Stored stored, Map<String, String> annotations) {
            return new Descriptor(MediaTypes.DOCKER_MANIFEST, stored.digest(), stored.size(), annotations);
        }
    }

    /// The images that `manifest.json` names.
    List<Image> read(byte[] json) throws BadArchive, IOException {
        JsonNode root = Json.read(Archive.DOCKER_MANIFEST, json);
        if (!root.isArray() || root.isEmpty() || root.size() > IMAGES_MAX) {
            throw new BadArchive("its " + Archive.DOCKER_MANIFEST + " is no list of images");
        }
        List<Image> images = new ArrayList<>();
        for (JsonNode image : root) {
            images.add(image(image));
        }
        return images;
    }

    private Image image(JsonNode image) throws BadArchive, IOException {
        ObjectNode manifest = JsonNodeFactory.instance.objectNode();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", MediaTypes.DOCKER_MANIFEST);
        manifest.set("config", descriptor(CONFIG, archive.file(text(image.path("Config")))));
        ArrayNode layers = manifest.putArray("layers");
        if (image.path("Layers").size() > Document.LAYERS_MAX) {
            throw new BadArchive("an image of it has more than " + Document.LAYERS_MAX + " layers");
        }
        for (JsonNode layer : image.path("Layers")) {
            Stored stored = archive.file(text(layer));
            layers.add(descriptor(LAYER + compressions.suffix(stored), stored));
        }
        List<String> names = new ArrayList<>();
        for (JsonNode tag : image.path("RepoTags")) {
            if (names.size() == TAGS_MAX) {
                throw new BadArchive("an image of it has more than " + TAGS_MAX + " tags");
            }
            names.add(text(tag));
        }
        return new Image(manifest, names);
    }

    private static ObjectNode descriptor(String mediaType, Stored stored) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("mediaType", mediaType)
                .put("digest", stored.digest().toString())
                .put("size", stored.size());
    }

    private static String text(JsonNode node) throws BadArchive {
        if (!node.isTextual() || node.textValue().isEmpty()) {
            throw new BadArchive("its " + Archive.DOCKER_MANIFEST + " leaves a name out");
        }
        return node.textValue();
    }
}
