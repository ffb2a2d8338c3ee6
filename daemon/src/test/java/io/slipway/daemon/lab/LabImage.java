package io.slipway.daemon.lab;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/// One variant of the test image, as a directory that skopeo's `dir:` transport reads: `manifest.json` of
/// any type
/// and
/// each blob under its hex digest.
///
/// @param tag the name of the variant, used as tag
/// @param directory where it lies
/// @param manifestDigest digest of `manifest.json`
/// @param layers digests of the compressed layers, bottom first
/// @param diffIds digests of the layers' tars, bottom first
public record LabImage(String tag, Path directory, String manifestDigest, List<String> layers, List<String> diffIds) {
    /// How layers are compressed.
    public enum Compression {
        GZIP,
        ZSTD
    }

    /// Whose media types the manifest uses.
    public enum Format {
        OCI("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json"),
        DOCKER(
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.container.image.v1+json");

        private final String manifest;
        private final String config;

        Format(String manifest, String config) {
            this.manifest = manifest;
            this.config = config;
        }

        /// The media type of manifests.
        public String manifestType() {
            return manifest;
        }

        private String layer(Compression compression) {
            return switch (this) {
                case OCI ->
                    "application/vnd.oci.image.layer.v1.tar+" + (compression == Compression.GZIP ? "gzip" : "zstd");
                case DOCKER ->
                    "application/vnd.docker.image.rootfs.diff.tar."
                            + (compression == Compression.GZIP ? "gzip" : "zstd");
            };
        }
    }

    private record Blob(String mediaType, String digest, long size) {
        String json() {
            return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest, size);
        }
    }

    public LabImage {
        layers = List.copyOf(layers);
        diffIds = List.copyOf(diffIds);
    }

    /// Writes a variant into a new directory below `parent`.
    public static LabImage build(Path parent, Format format, Compression compression, boolean withLowerLink)
            throws IOException {
        String tag = "%s-%s%s"
                .formatted(format, compression, withLowerLink ? "-lowerlink" : "")
                .toLowerCase(Locale.ROOT);
        return build(parent, tag, format, compression, LabLayers.tars(withLowerLink));
    }

    /// An image that runs, with one layer of `bytes` that do not compress, for tests that stop a pull midway.
    public static LabImage large(Path parent, int bytes) throws IOException {
        return build(parent, "large", Format.OCI, Compression.GZIP, LabLayers.large(bytes));
    }

    private static LabImage build(Path parent, String tag, Format format, Compression compression, List<byte[]> tars)
            throws IOException {
        Path directory = Files.createDirectories(parent.resolve(tag));
        List<Blob> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (byte[] tar : tars) {
            diffIds.add(digest(tar));
            layers.add(store(directory, format.layer(compression), compress(tar, compression)));
        }
        String config = """
                {"architecture":"amd64","os":"linux","created":"2026-01-02T03:04:05Z",\
                "config":{"Env":["PATH=/usr/bin:/bin","LAB=yes"],"Cmd":["/bin/sh","-c","echo hello from inside"],\
                "WorkingDir":"/srv"},"rootfs":{"type":"layers","diff_ids":[%s]},"history":[]}""".formatted(String.join(
                ",", diffIds.stream().map(id -> "\"" + id + "\"").toList()));
        Blob configBlob = store(directory, format.config, config.getBytes(StandardCharsets.UTF_8));
        String manifest = "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
                .formatted(
                        format.manifest,
                        configBlob.json(),
                        String.join(",", layers.stream().map(Blob::json).toList()));
        byte[] manifestBytes = manifest.getBytes(StandardCharsets.UTF_8);
        Files.write(directory.resolve("manifest.json"), manifestBytes);
        Files.writeString(directory.resolve("version"), "Directory Transport Version: 1.1\n");
        return new LabImage(
                tag,
                directory,
                digest(manifestBytes),
                layers.stream().map(Blob::digest).toList(),
                diffIds);
    }

    private static Blob store(Path directory, String mediaType, byte[] content) throws IOException {
        String digest = digest(content);
        Files.write(directory.resolve(digest.substring("sha256:".length())), content);
        return new Blob(mediaType, digest, content.length);
    }

    private static byte[] compress(byte[] tar, Compression compression) throws IOException {
        if (compression == Compression.ZSTD) {
            return Zstd.compress(tar);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(tar);
        }
        return out.toByteArray();
    }

    private static String digest(byte[] content) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
