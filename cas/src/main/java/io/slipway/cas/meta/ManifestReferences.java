package io.slipway.cas.meta;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// What a manifest or index refers to, with the labels that containerd gives it for that. Reads bytes whose digest is
/// right, which need not be well-meant.
final class ManifestReferences {

    private static final ObjectMapper JSON = new ObjectMapper();

    private ManifestReferences() {}

    /// @param label of the referring blob
    /// @param size in bytes as the manifest says; -1 when it says nothing
    /// @param optional it may rightly be absent: the image for another platform, a layer that is not distributed
    record Reference(String label, String mediaType, Digest digest, long size, boolean optional) {

        /// Whether it has references of its own.
        boolean isParent() {
            return mediaType.endsWith(".manifest.v1+json")
                    || mediaType.endsWith(".index.v1+json")
                    || mediaType.endsWith(".manifest.v2+json")
                    || mediaType.endsWith(".manifest.list.v2+json");
        }
    }

    /// None when it is no such document.
    static List<Reference> of(byte[] document) {
        var references = new ArrayList<Reference>();
        JsonNode json;
        try {
            json = JSON.readTree(document);
        } catch (IOException noDocument) {
            return references;
        }
        add(references, json.path("config"), ".config", false);
        all(references, json.path("layers"), ".l.", false);
        all(references, json.path("manifests"), ".m.", true);
        return references;
    }

    private static void all(List<Reference> to, JsonNode descriptors, String suffix, boolean optional) {
        for (int i = 0; i < descriptors.size(); i++) {
            add(to, descriptors.path(i), suffix + i, optional);
        }
    }

    private static void add(List<Reference> to, JsonNode descriptor, String suffix, boolean optional) {
        try {
            var digest = Digest.parse(descriptor.path("digest").asText());
            var mediaType = descriptor.path("mediaType").asText();
            boolean elsewhere = mediaType.contains(".nondistributable.") || mediaType.contains(".foreign.");
            to.add(new Reference(
                    GcLabels.REF_CONTENT + suffix,
                    mediaType,
                    digest,
                    descriptor.path("size").asLong(-1),
                    optional || elsewhere));
        } catch (IllegalArgumentException noDescriptor) {
            // Nothing that could be stored is named there.
        }
    }
}
