package io.slipway.puller.archive;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Image;
import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;
import io.slipway.puller.archive.ImageTree.Whole;
import io.slipway.puller.image.MediaTypes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// One export: look the images up, hold what they are made of, write documents, then blobs in the order of their
/// digests. The same images give the same bytes. One thread.
final class ImageExport {
    private static final String BLOBS = "blobs/";

    private final ImageArchives.Stores stores;
    private final ExportRequest request;
    private final Holding holding;
    private final ArchiveListener listener;

    /// An image to be written.
    private record Chosen(String name, Descriptor target, ImageTree tree) {}

    ImageExport(ImageArchives.Stores stores, ExportRequest request, Holding holding, ArchiveListener listener) {
        this.stores = stores;
        this.request = request;
        this.holding = holding;
        this.listener = listener;
    }

    void run(OutputStream out) throws BadArchive, IOException {
        List<Chosen> images = new ArrayList<>();
        for (String name : request.names()) {
            images.add(chosen(name));
        }
        try (ArchiveWriter writer = new ArchiveWriter(stores.blobs(), out)) {
            switch (request.format()) {
                case OCI -> layout(images, writer);
                case DOCKER -> docker(images, writer);
            }
            writer.finish();
        }
        images.forEach(image -> listener.image(image.name(), image.target()));
    }

    private Chosen chosen(String name) throws BadArchive, IOException {
        Image image = stores.images()
                .get(request.namespace(), name)
                .orElseThrow(() -> ApiException.notFound("image \"" + name + "\""));
        ImageTree tree = ImageTree.of(
                stores.blobs(), stores.contents(), request.namespace(), image.target(), request.platforms());
        Map<Digest, Map<String, String>> held = new LinkedHashMap<>();
        tree.blobs().keySet().forEach(digest -> held.put(digest, Map.of()));
        stores.contents().linkAll(request.namespace(), held, Optional.of(holding.lease()));
        return new Chosen(name, image.target(), tree);
    }

    private void layout(List<Chosen> images, ArchiveWriter writer) throws IOException {
        writer.document(Archive.LAYOUT, "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
        writer.document(Archive.INDEX, Json.write(index(images)));
        if (request.dockerManifest()) {
            ArrayNode manifest = dockerManifest(images, new BlobPaths());
            if (!manifest.isEmpty()) {
                writer.document(Archive.DOCKER_MANIFEST, Json.write(manifest));
            }
        }
        Map<String, Descriptor> blobs = new TreeMap<>();
        for (Chosen image : images) {
            image.tree().blobs().forEach((digest, blob) -> blobs.put(blobPath(digest), blob));
        }
        for (Map.Entry<String, Descriptor> blob : blobs.entrySet()) {
            writer.blob(blob.getKey(), blob.getValue().digest());
        }
    }

    private static ObjectNode index(List<Chosen> images) {
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.put("schemaVersion", 2);
        index.put("mediaType", MediaTypes.OCI_INDEX);
        ArrayNode manifests = index.putArray("manifests");
        for (Chosen image : images) {
            ObjectNode entry = manifests.addObject();
            entry.put("mediaType", image.target().mediaType());
            entry.put("digest", image.target().digest().toString());
            entry.put("size", image.target().size());
            ObjectNode annotations = entry.putObject("annotations");
            annotations.put(ImportNames.NAME, image.name());
            tag(image.name()).ifPresent(tag -> annotations.put(ImportNames.REF_NAME, tag));
        }
        return index;
    }

    private static Optional<String> tag(String name) {
        try {
            return ImageReference.parse(name).tag();
        } catch (IllegalArgumentException _) {
            // A name need not be a reference.
            return Optional.empty();
        }
    }

    private void docker(List<Chosen> images, ArchiveWriter writer) throws BadArchive, IOException {
        TagPaths paths = new TagPaths();
        ArrayNode manifest = dockerManifest(images, paths);
        if (manifest.isEmpty()) {
            throw new BadArchive("it is no image for " + platform() + ", which a docker archive needs");
        }
        writer.document(Archive.DOCKER_MANIFEST, Json.write(manifest));
        for (Map.Entry<String, Digest> blob : paths.blobs().entrySet()) {
            writer.blob(blob.getKey(), blob.getValue());
        }
    }

    /// Where blobs stand in the archive.
    private interface Paths {
        String config(Digest digest);

        String layer(Digest digest);
    }

    private static final class BlobPaths implements Paths {
        @Override
        public String config(Digest digest) {
            return blobPath(digest);
        }

        @Override
        public String layer(Digest digest) {
            return blobPath(digest);
        }
    }

    /// `docker save`'s own.
    private static final class TagPaths implements Paths {
        private final Map<String, Digest> blobs = new TreeMap<>();

        @Override
        public String config(Digest digest) {
            return put(digest.hex() + ".json", digest);
        }

        @Override
        public String layer(Digest digest) {
            return put(digest.hex() + "/layer.tar", digest);
        }

        private String put(String path, Digest digest) {
            blobs.put(path, digest);
            return path;
        }

        Map<String, Digest> blobs() {
            return blobs;
        }
    }

    private ArrayNode dockerManifest(List<Chosen> images, Paths paths) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        Map<Digest, ArrayNode> tags = new LinkedHashMap<>();
        for (Chosen image : images) {
            Optional<Whole> found = image.tree().image(platform());
            if (found.isEmpty()) {
                continue;
            }
            Whole whole = found.get();
            tags.computeIfAbsent(whole.descriptor().digest(), _ -> {
                        ObjectNode entry = list.addObject();
                        entry.put(
                                "Config", paths.config(whole.manifest().config().digest()));
                        ArrayNode repoTags = entry.putArray("RepoTags");
                        ArrayNode layers = entry.putArray("Layers");
                        whole.manifest().layers().forEach(layer -> layers.add(paths.layer(layer.digest())));
                        return repoTags;
                    })
                    .add(image.name());
        }
        return list;
    }

    private Platform platform() {
        return request.platforms().isEmpty()
                ? Platform.host()
                : request.platforms().getFirst();
    }

    private static String blobPath(Digest digest) {
        return BLOBS + digest.algorithm().id() + "/" + digest.hex();
    }
}
