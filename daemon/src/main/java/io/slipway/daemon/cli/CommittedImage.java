package io.slipway.daemon.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The documents of an image with one layer more (OCI image specification, manifest.md and config.md). Whatever the
/// base image was, the result is an OCI image; members we do not know stay as they were.
final class CommittedImage {
    static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final String CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
    private static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

    private CommittedImage() {}

    /// The configuration with the layer's diff id and a line of history.
    static byte[] config(byte[] base, String diffId, CommitOptions options, Instant now) throws Json.Malformed {
        Json document = Json.parse("image configuration", base);
        Map<String, @Nullable Object> config = document.members();
        Map<String, @Nullable Object> rootfs = document.get("rootfs").members();
        List<Object> diffIds =
                new ArrayList<>(document.get("rootfs").get("diff_ids").texts());
        diffIds.add(diffId);
        rootfs.put("type", "layers");
        rootfs.put("diff_ids", diffIds);
        List<Object> history = new ArrayList<>();
        for (Json entry : document.get("history").elements()) {
            history.add(entry.members());
        }
        Map<String, Object> own = new LinkedHashMap<>();
        own.put("created", now.toString());
        own.put("created_by", "slipway commit " + options.container());
        if (!options.author().isEmpty()) {
            own.put("author", options.author());
            config.put("author", options.author());
        }
        if (!options.message().isEmpty()) {
            own.put("comment", options.message());
        }
        history.add(own);
        config.put("created", now.toString());
        config.put("rootfs", rootfs);
        config.put("history", history);
        return Json.write(config).getBytes(UTF_8);
    }

    /// A descriptor.
    static Map<String, Object> descriptor(String mediaType, String digest, long size) {
        Map<String, Object> descriptor = new LinkedHashMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", digest);
        descriptor.put("size", size);
        return descriptor;
    }

    /// The manifest with that configuration and the layer on top.
    static byte[] manifest(byte[] base, String config, long configSize, Map<String, Object> layer)
            throws Json.Malformed {
        Json document = Json.parse("manifest", base);
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", MANIFEST_TYPE);
        manifest.put("config", descriptor(CONFIG_TYPE, config, configSize));
        List<Object> layers = new ArrayList<>();
        for (Json below : document.get("layers").elements()) {
            Map<String, @Nullable Object> descriptor = below.members();
            descriptor.put("mediaType", ociType(below.get("mediaType").text()));
            layers.add(descriptor);
        }
        layers.add(layer);
        manifest.put("layers", layers);
        return Json.write(manifest).getBytes(UTF_8);
    }

    /// Docker's names of packed layers mean the same bytes; its plain name may hide a packed one and stays.
    private static String ociType(String mediaType) {
        return switch (mediaType) {
            case DOCKER_LAYER + ".gzip" -> OCI_LAYER + "+gzip";
            case DOCKER_LAYER + ".zstd" -> OCI_LAYER + "+zstd";
            default -> mediaType;
        };
    }
}
