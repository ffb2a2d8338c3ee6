package io.slipway.daemon.cli;

import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.ReadContentRequest;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.images.v1.Image;
import io.slipway.cas.Digest;
import io.slipway.puller.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads what an image is made of through the Content service: its manifest and its configuration, bounded, checked
/// against their digests and parsed as hostile.
final class ImageReader {
    /// As containerd and the registries bound manifests; configurations are no larger.
    private static final int DOCUMENT_BYTES_MAX = 4 << 20;

    private static final int INDEXES_NESTED_MAX = 3;

    private final Connection connection;

    ImageReader(Connection connection) {
        this.connection = connection;
    }

    /// One blob of an image.
    record Blob(String digest, long size) {}

    /// The manifest for one platform.
    ///
    /// @param config configuration of the image
    /// @param layers bottom first
    record Manifest(Blob self, Blob config, List<Blob> layers) {
        /// Everything together.
        long totalSize() {
            return self.size()
                    + config.size()
                    + layers.stream().mapToLong(Blob::size).sum();
        }
    }

    /// The manifest of `image` for `platform`.
    Manifest manifest(Image image, Platform platform)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        Blob blob = new Blob(image.getTarget().getDigest(), image.getTarget().getSize());
        for (int depth = 0; depth < INDEXES_NESTED_MAX; depth++) {
            Json document = Json.parse("manifest " + blob.digest(), read(blob.digest()));
            if (!document.get("manifests").isPresent()) {
                return manifest(blob, document);
            }
            blob = child(document, platform)
                    .orElseThrow(() -> new CommandFailed(
                            ExitCode.NOT_FOUND,
                            image.getName(),
                            "the image has no variant for " + platform,
                            "name one it has with --platform"));
        }
        throw new Json.Malformed("image index " + image.getTarget().getDigest() + " is nested too deeply");
    }

    private static Manifest manifest(Blob self, Json document) throws Json.Malformed {
        List<Blob> layers = new ArrayList<>();
        for (Json layer : document.get("layers").elements()) {
            layers.add(blob(layer));
        }
        return new Manifest(self, blob(document.get("config")), layers);
    }

    private static Optional<Blob> child(Json index, Platform platform) throws Json.Malformed {
        for (Json entry : index.get("manifests").elements()) {
            Json of = entry.get("platform");
            String os = of.get("os").ifText().orElse("");
            String architecture = of.get("architecture").ifText().orElse("");
            if (os.isEmpty() || architecture.isEmpty()) {
                continue;
            }
            Platform its = Platform.normalised(
                    os, architecture, of.get("variant").ifText().orElse(""));
            boolean anyVariant = platform.variant().isEmpty()
                    && its.os().equals(platform.os())
                    && its.architecture().equals(platform.architecture());
            if (its.equals(platform) || anyVariant) {
                return Optional.of(blob(entry));
            }
        }
        return Optional.empty();
    }

    private static Blob blob(Json descriptor) throws Json.Malformed {
        return new Blob(descriptor.get("digest").text(), descriptor.get("size").size());
    }

    /// The configuration that `manifest` names.
    ImageConfig config(Manifest manifest) throws CallFailed, CommandFailed, IOException, InterruptedException {
        return ImageConfig.parse(read(manifest.config().digest()));
    }

    /// A document of the image, checked against its digest.
    byte[] read(String digest) throws CallFailed, CommandFailed, IOException, InterruptedException {
        Digest expected = digest(digest);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ReadContentRequest request =
                ReadContentRequest.newBuilder().setDigest(digest).build();
        try (Exchange<ReadContentRequest, ReadContentResponse> chunks =
                connection.stream(ContentGrpcClient.Read, request)) {
            Optional<ReadContentResponse> chunk = chunks.next();
            while (chunk.isPresent()) {
                if (bytes.size() + chunk.get().getData().size() > DOCUMENT_BYTES_MAX) {
                    throw new Json.Malformed(digest + " is larger than a manifest or configuration may be");
                }
                chunk.get().getData().writeTo(bytes);
                chunk = chunks.next();
            }
        }
        byte[] content = bytes.toByteArray();
        if (!Hash.of(expected.algorithm(), content).equals(expected)) {
            throw new Json.Malformed("the store's content of " + digest + " has another digest");
        }
        return content;
    }

    private static Digest digest(String text) throws Json.Malformed {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw new Json.Malformed("malformed digest in a manifest", e);
        }
    }
}
