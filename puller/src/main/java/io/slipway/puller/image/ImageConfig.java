package io.slipway.puller.image;

import com.fasterxml.jackson.databind.JsonNode;
import io.slipway.cas.Digest;
import io.slipway.puller.Platform;
import io.slipway.puller.image.Document.BadDocument;
import io.slipway.puller.image.Document.Parser;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a pull needs of an image config.
///
/// @param diffIds digests of the uncompressed layers, bottom first
public record ImageConfig(Optional<Platform> platform, List<Digest> diffIds) {
    /// Largest config that is read.
    public static final int BYTES_MAX = 8 << 20;

    /// Copies the list.
    public ImageConfig {
        diffIds = List.copyOf(diffIds);
    }

    /// Reads a config whose digest is verified.
    public static ImageConfig parse(byte[] bytes) throws BadDocument {
        JsonNode root = Parser.read(bytes);
        String os = root.path("os").asText("");
        String architecture = root.path("architecture").asText("");
        Optional<Platform> platform = os.isEmpty() || architecture.isEmpty()
                ? Optional.empty()
                : Optional.of(Platform.normalised(
                        os, architecture, root.path("variant").asText("")));
        List<Digest> diffIds = new ArrayList<>();
        for (JsonNode id : root.path("rootfs").path("diff_ids")) {
            diffIds.add(Parser.digest(id.asText("")));
        }
        return new ImageConfig(platform, diffIds);
    }

    /// The name of the chain of all layers (OCI image-spec config.md, "Layer ChainID").
    public static Optional<Digest> chainId(List<Digest> diffIds) {
        Optional<Digest> chain = Optional.empty();
        for (Digest diffId : diffIds) {
            chain = Optional.of(chain.map(below -> next(below, diffId)).orElse(diffId));
        }
        return chain;
    }

    private static Digest next(Digest below, Digest diffId) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest((below + " " + diffId).getBytes(StandardCharsets.US_ASCII));
            return Digest.of(io.slipway.cas.Algorithm.SHA256, hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
