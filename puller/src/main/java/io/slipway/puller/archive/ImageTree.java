package io.slipway.puller.archive;

import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.ContentInfo;
import io.slipway.cas.Contents;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.puller.Platform;
import io.slipway.puller.Upstreams;
import io.slipway.puller.image.Document;
import io.slipway.puller.image.Document.BadDocument;
import io.slipway.puller.image.Document.Entry;
import io.slipway.puller.image.ImageConfig;
import io.slipway.puller.image.Links;
import io.slipway.puller.image.MediaTypes;
import io.slipway.puller.image.PlatformChoice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What of one image a namespace has, from its target down: every blob once, and the manifests that are whole.
///
/// Of an index, manifests that are not there are left out, as they are of an image that was pulled for one platform;
/// a manifest that is there must have all of its blobs. Where platforms are asked for, each must be there.
final class ImageTree {
    private static final int NESTING_MAX = 4;
    /// Documents of one image.
    private static final int DOCUMENTS_MAX = 10_000;
    /// BuildKit's word on an attestation: the manifest that it is about.
    private static final String ABOUT = "vnd.docker.reference.digest";

    /// A manifest with everything it names.
    ///
    /// @param platform as its index says, or its config where it is an image's
    /// @param diffIds of the layers, bottom first; empty for what is no image
    record Whole(
            Descriptor descriptor,
            Document.Manifest manifest,
            Optional<Platform> platform,
            Optional<List<Digest>> diffIds) {}

    private final BlobStore store;
    private final Contents contents;
    private final String namespace;
    private final List<Platform> platforms;
    private final Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
    private final Map<Digest, Map<String, String>> labels = new LinkedHashMap<>();
    private final List<Whole> manifests = new ArrayList<>();
    private int documents;

    private ImageTree(BlobStore store, Contents contents, String namespace, List<Platform> platforms) {
        this.store = store;
        this.contents = contents;
        this.namespace = namespace;
        this.platforms = platforms;
    }

    /// Walks from `target` down.
    ///
    /// @param platforms which manifests of an index; empty means all that are there
    static ImageTree of(
            BlobStore store, Contents contents, String namespace, Descriptor target, List<Platform> platforms)
            throws BadArchive, IOException {
        ImageTree tree = new ImageTree(store, contents, namespace, platforms);
        if (!tree.present(target)) {
            throw new BadArchive("blob " + target.digest() + ", which it names, is missing");
        }
        tree.document(target, Optional.empty(), 0);
        if (tree.manifests.isEmpty()) {
            throw new BadArchive("none of the manifests that index " + target.digest() + " names is there");
        }
        return tree;
    }

    /// Every blob, each before those it names.
    Map<Digest, Descriptor> blobs() {
        return blobs;
    }

    /// What each document refers to, as labels for the collection.
    Map<Digest, Map<String, String>> labels() {
        return labels;
    }

    List<Whole> manifests() {
        return manifests;
    }

    private void document(Descriptor descriptor, Optional<Platform> platform, int depth)
            throws BadArchive, IOException {
        if (blobs.containsKey(descriptor.digest())) {
            return;
        }
        if (depth == NESTING_MAX || documents++ == DOCUMENTS_MAX) {
            throw new BadArchive("its indexes are nested too deeply, or have too many entries");
        }
        blobs.put(descriptor.digest(), descriptor);
        switch (parse(descriptor)) {
            case Document.Manifest manifest -> manifest(descriptor, manifest, platform);
            case Document.Index index -> index(descriptor, index, depth);
        }
    }

    private void index(Descriptor descriptor, Document.Index index, int depth) throws BadArchive, IOException {
        labels.put(descriptor.digest(), Links.references(index));
        for (Entry entry : wanted(index)) {
            if (present(entry.descriptor())) {
                document(entry.descriptor(), entry.platform(), depth + 1);
            } else if (!platforms.isEmpty()) {
                throw new BadArchive("manifest " + entry.descriptor().digest() + " for "
                        + entry.platform().map(Platform::toString).orElse("a platform that was asked for")
                        + " is missing");
            }
        }
    }

    /// The entries for the platforms that are asked for, and what is said about those.
    private Set<Entry> wanted(Document.Index index) throws BadArchive, IOException {
        if (platforms.isEmpty()) {
            return new LinkedHashSet<>(index.entries());
        }
        Set<Entry> chosen = new LinkedHashSet<>();
        for (Platform platform : platforms) {
            chosen.add(PlatformChoice.best(index.entries(), platform)
                    .orElseThrow(() -> new BadArchive("it has no manifest for " + platform)));
        }
        Set<String> digests = new LinkedHashSet<>();
        chosen.forEach(entry -> digests.add(entry.descriptor().digest().toString()));
        for (Entry entry : index.entries()) {
            String about = entry.descriptor().annotations().getOrDefault(ABOUT, "");
            if (digests.contains(about) && present(entry.descriptor())) {
                chosen.add(entry);
            }
        }
        return chosen;
    }

    private void manifest(Descriptor descriptor, Document.Manifest manifest, Optional<Platform> platform)
            throws BadArchive, IOException {
        labels.put(descriptor.digest(), Links.references(manifest));
        part(manifest.config());
        for (Descriptor layer : manifest.layers()) {
            part(layer);
        }
        Optional<ImageConfig> config =
                MediaTypes.isImageConfig(manifest.config().mediaType())
                        ? Optional.of(config(manifest.config()))
                        : Optional.empty();
        manifests.add(new Whole(
                descriptor,
                manifest,
                platform.or(() -> config.flatMap(ImageConfig::platform)),
                config.map(ImageConfig::diffIds)));
    }

    private void part(Descriptor descriptor) throws BadArchive, IOException {
        if (present(descriptor)) {
            blobs.putIfAbsent(descriptor.digest(), descriptor);
        } else if (!MediaTypes.isForeign(descriptor.mediaType())) {
            throw new BadArchive("blob " + descriptor.digest() + ", which one of its manifests names, is missing");
        }
    }

    private boolean present(Descriptor descriptor) throws BadArchive, IOException {
        Optional<ContentInfo> info = contents.info(namespace, descriptor.digest());
        if (info.isPresent() && info.get().size() != descriptor.size()) {
            throw new BadArchive("blob " + descriptor.digest() + " has "
                    + info.get().size() + " bytes, announced were " + descriptor.size());
        }
        return info.isPresent();
    }

    private Document parse(Descriptor descriptor) throws BadArchive, IOException {
        try {
            return Document.parse(read(descriptor, Upstreams.MAX_MANIFEST_BYTES), descriptor.mediaType());
        } catch (BadDocument e) {
            throw new BadArchive("manifest " + descriptor.digest() + ": " + e.getMessage(), e);
        }
    }

    private ImageConfig config(Descriptor descriptor) throws BadArchive, IOException {
        try {
            return ImageConfig.parse(read(descriptor, ImageConfig.BYTES_MAX));
        } catch (BadDocument e) {
            throw new BadArchive("config " + descriptor.digest() + ": " + e.getMessage(), e);
        }
    }

    private byte[] read(Descriptor descriptor, int max) throws BadArchive, IOException {
        try (Blob blob = store.open(descriptor.digest())
                .orElseThrow(() -> new BadArchive("blob " + descriptor.digest() + " is gone from the store"))) {
            if (blob.size() > max) {
                throw new BadArchive(descriptor.digest() + " has " + blob.size() + " bytes, more than " + max);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) blob.size());
            while (bytes.hasRemaining()) {
                if (blob.read(bytes.position(), bytes) < 0) {
                    throw new IOException("blob " + descriptor.digest() + " is shorter than its size");
                }
            }
            return bytes.array();
        }
    }

    /// The manifest of an image for `platform`.
    Optional<Whole> image(Platform platform) {
        Map<Descriptor, Whole> images = new HashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Whole whole : manifests) {
            if (whole.diffIds().isPresent()) {
                images.put(whole.descriptor(), whole);
                entries.add(new Entry(whole.descriptor(), whole.platform()));
            }
        }
        return PlatformChoice.best(entries, platform).map(entry -> images.get(entry.descriptor()));
    }
}
