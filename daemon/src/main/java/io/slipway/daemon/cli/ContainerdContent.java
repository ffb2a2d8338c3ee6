package io.slipway.daemon.cli;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The content directory of a containerd, read without it: blobs by digest. Which images they are stands in its
/// database, so that the user has to say it.
record ContainerdContent(Path blobs) {
    private static final String PLUGIN = "io.containerd.content.v1.content";
    private static final int DOCUMENT_BYTES_MAX = 4 << 20;
    private static final int NESTING_MAX = 4;
    private static final int BLOBS_MAX = 100_000;

    /// The store in containerd's root, or in the directory itself.
    static ContainerdContent in(Path directory) throws CommandFailed {
        for (Path candidate : List.of(directory.resolve(PLUGIN).resolve("blobs"), directory.resolve("blobs"))) {
            if (Files.isDirectory(candidate)) {
                return new ContainerdContent(candidate);
            }
        }
        throw new CommandFailed(
                ExitCode.NOT_FOUND,
                directory.toString(),
                "there is no content of a containerd (" + PLUGIN + "/blobs or blobs)",
                "name its root, as /var/lib/containerd");
    }

    private Path file(Digest digest) {
        return blobs.resolve(digest.algorithm().id()).resolve(digest.hex());
    }

    /// An image: its name and what its index or manifest is.
    record Image(String name, Digest digest) {}

    /// These images as a layout of the blobs that they are made of.
    LayoutDirectory layout(List<Image> images) throws CommandFailed, IOException {
        Map<Digest, Path> found = new LinkedHashMap<>();
        List<Object> entries = new ArrayList<>();
        for (Image image : images) {
            Path file = file(image.digest());
            if (!Files.isRegularFile(file)) {
                throw new CommandFailed(
                        ExitCode.NOT_FOUND,
                        image.name(),
                        blobs + " has no blob " + image.digest(),
                        "take name and digest from `ctr images ls`");
            }
            String mediaType = walk(image.digest(), found, 0);
            entries.add(Map.of(
                    "mediaType",
                    mediaType,
                    "digest",
                    image.digest().toString(),
                    "size",
                    Files.size(file),
                    "annotations",
                    Map.of("io.containerd.image.name", image.name())));
        }
        return LayoutDirectory.made(Json.write(Map.of("schemaVersion", 2, "manifests", entries)), found);
    }

    /// Collects a document and what it names, as far as it is there; the daemon judges whether that is enough.
    ///
    /// @return its media type
    private String walk(Digest digest, Map<Digest, Path> found, int depth) throws IOException {
        found.put(digest, file(digest));
        if (Files.size(file(digest)) > DOCUMENT_BYTES_MAX || depth == NESTING_MAX || found.size() > BLOBS_MAX) {
            throw new Json.Malformed("manifest " + digest + " is too large, nested too deeply or names too much");
        }
        Json document = Json.parse("manifest " + digest, Files.readAllBytes(file(digest)));
        boolean index = document.get("manifests").isPresent();
        for (Json entry : document.get("manifests").elements()) {
            Optional<Digest> child = stored(entry);
            if (child.isPresent() && !found.containsKey(child.get())) {
                var _ = walk(child.get(), found, depth + 1);
            }
        }
        if (!index) {
            add(document.get("config"), found);
            for (Json layer : document.get("layers").elements()) {
                add(layer, found);
            }
        }
        String otherwise =
                index ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json";
        return document.get("mediaType").ifText().orElse(otherwise);
    }

    private void add(Json descriptor, Map<Digest, Path> found) throws Json.Malformed {
        stored(descriptor).ifPresent(digest -> found.putIfAbsent(digest, file(digest)));
    }

    private Optional<Digest> stored(Json descriptor) throws Json.Malformed {
        try {
            Digest digest = Digest.parse(descriptor.get("digest").text());
            return Files.isRegularFile(file(digest)) ? Optional.of(digest) : Optional.empty();
        } catch (IllegalArgumentException e) {
            throw new Json.Malformed("malformed digest in a manifest", e);
        }
    }
}
