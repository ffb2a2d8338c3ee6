package io.slipway.puller.archive;

import com.fasterxml.jackson.databind.JsonNode;
import io.slipway.cas.Blob;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.puller.ImageReference;
import io.slipway.puller.archive.Archive.Stored;
import io.slipway.puller.image.Document;
import io.slipway.puller.image.Document.BadDocument;
import io.slipway.puller.image.Document.Entry;
import io.slipway.puller.image.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One import, told from top to bottom: store the files, read the documents, check that everything is there, unpack,
/// link, record. One thread.
final class ImageImport {
    private static final int MAGIC_BYTES = 4;

    private final ImageArchives.Stores stores;
    private final StoredUnpack unpack;
    private final ImportRequest request;
    private final Holding holding;
    private final ArchiveListener listener;

    ImageImport(
            ImageArchives.Stores stores,
            StoredUnpack unpack,
            ImportRequest request,
            Holding holding,
            ArchiveListener listener) {
        this.stores = stores;
        this.unpack = unpack;
        this.request = request;
        this.holding = holding;
        this.listener = listener;
    }

    /// @return the records made
    Map<String, Descriptor> run(InputStream in) throws BadArchive, IOException, InterruptedException {
        unpack.check(request.unpacks());
        Intake intake = new Intake(stores.contents(), stores.ingests(), holding);
        Archive archive = new ArchiveReader(intake).read(in);
        Map<String, Descriptor> images = images(archive, intake);
        if (images.isEmpty()) {
            throw new BadArchive("it has no image with a name that is wanted");
        }
        Map<Digest, Map<String, String>> labels = new LinkedHashMap<>();
        for (Descriptor target : List.copyOf(new java.util.LinkedHashSet<>(images.values()))) {
            ImageTree tree =
                    ImageTree.of(stores.blobs(), stores.contents(), request.namespace(), target, request.platforms());
            tree.labels()
                    .forEach((digest, more) -> labels.computeIfAbsent(digest, _ -> new LinkedHashMap<>())
                            .putAll(more));
            unpack.unpack(tree, request, holding.lease(), listener)
                    .forEach((digest, more) -> labels.computeIfAbsent(digest, _ -> new LinkedHashMap<>())
                            .putAll(more));
        }
        stores.contents().linkAll(request.namespace(), labels, Optional.of(holding.lease()));
        for (Map.Entry<String, Descriptor> image : images.entrySet()) {
            stores.images()
                    .put(
                            request.namespace(),
                            image.getKey(),
                            image.getValue(),
                            request.labels(),
                            Optional.of(holding.lease()));
            listener.image(image.getKey(), image.getValue());
        }
        return images;
    }

    private Map<String, Descriptor> images(Archive archive, Intake intake) throws BadArchive, IOException {
        ImportNames names = new ImportNames(request.base(), request.naming());
        Map<String, Descriptor> images = new LinkedHashMap<>();
        for (Descriptor entry : entries(archive, intake)) {
            Descriptor target = new Descriptor(entry.mediaType(), entry.digest(), entry.size());
            for (String name : names.of(entry)) {
                Descriptor before = images.put(name, target);
                if (before != null && !before.equals(target)) {
                    throw new BadArchive("it has two images called " + name);
                }
            }
        }
        return images;
    }

    /// What is at the top, with the annotations that name it.
    private List<Descriptor> entries(Archive archive, Intake intake) throws BadArchive, IOException {
        Optional<byte[]> layout = archive.document(Archive.LAYOUT);
        Optional<byte[]> index = archive.document(Archive.INDEX);
        if (layout.isPresent() && index.isPresent()) {
            checkVersion(layout.get());
            return index(index.get());
        }
        Optional<byte[]> docker = archive.document(Archive.DOCKER_MANIFEST);
        if (docker.isPresent()) {
            return docker(archive, docker.get(), intake);
        }
        throw new BadArchive("it holds no images: there is neither an OCI layout (" + Archive.LAYOUT + " and "
                + Archive.INDEX + ") nor a " + Archive.DOCKER_MANIFEST);
    }

    private static void checkVersion(byte[] layout) throws BadArchive {
        JsonNode version = Json.read(Archive.LAYOUT, layout).path("imageLayoutVersion");
        if (!version.asText("").startsWith("1.")) {
            throw new BadArchive("its " + Archive.LAYOUT + " is of version \"" + ArchivePath.shown(version.asText(""))
                    + "\", known is 1");
        }
    }

    private static List<Descriptor> index(byte[] bytes) throws BadArchive {
        try {
            if (!(Document.parse(bytes, MediaTypes.OCI_INDEX) instanceof Document.Index index)) {
                throw new BadArchive("its " + Archive.INDEX + " is no index");
            }
            return index.entries().stream().map(Entry::descriptor).toList();
        } catch (BadDocument e) {
            throw new BadArchive("its " + Archive.INDEX + ": " + e.getMessage(), e);
        }
    }

    private List<Descriptor> docker(Archive archive, byte[] json, Intake intake) throws BadArchive, IOException {
        List<Descriptor> entries = new ArrayList<>();
        for (DockerManifests.Image image : new DockerManifests(archive, this::compression).read(json)) {
            Stored manifest = intake.document(Json.write(image.manifest()));
            if (image.names().isEmpty()) {
                entries.add(DockerManifests.Image.descriptor(manifest, Map.of()));
            }
            for (String name : image.names()) {
                entries.add(DockerManifests.Image.descriptor(manifest, Map.of(ImportNames.NAME, whole(name))));
            }
        }
        return entries;
    }

    /// Docker leaves out what its own rules add.
    private static String whole(String name) throws BadArchive {
        try {
            return ImageReference.parse(name).name();
        } catch (IllegalArgumentException e) {
            throw new BadArchive("it names an image badly: " + ArchivePath.shown(String.valueOf(e.getMessage())), e);
        }
    }

    private String compression(Stored layer) throws BadArchive, IOException {
        ByteBuffer magic = ByteBuffer.allocate(MAGIC_BYTES);
        try (Blob blob = stores.blobs()
                .open(layer.digest())
                .orElseThrow(() -> new BadArchive("blob " + layer.digest() + " is gone from the store"))) {
            while (magic.hasRemaining() && blob.read(magic.position(), magic) >= 0) {}
        }
        return switch (magic.getInt(0)) {
            case 0x28b52ffd -> ".zstd";
            default -> magic.getShort(0) == 0x1f8b ? ".gzip" : "";
        };
    }
}
