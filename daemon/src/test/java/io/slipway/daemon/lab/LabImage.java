package io.slipway.daemon.lab;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/// One variant of the test image, as a directory that skopeo's `dir:` transport reads: `manifest.json` of any
/// type and each blob under its hex digest.
///
/// @param tag the name of the variant, used as tag
/// @param directory where it lies
/// @param manifestDigest digest of `manifest.json`
/// @param config digest of the configuration
/// @param layers digests of the compressed layers, bottom first
/// @param diffIds digests of the layers' tars, bottom first
public record LabImage(
        String tag, Path directory, String manifestDigest, String config, List<String> layers, List<String> diffIds) {
    private static final int COMPRESSOR_BUFFER = 1 << 16;

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
        return build(parent, tag, format, compression, LabLayers.all(withLowerLink));
    }

    /// An image that runs, with one layer of `bytes` that do not compress, for tests that stop a pull midway.
    public static LabImage large(Path parent, int bytes) throws IOException {
        return build(parent, "large", Format.OCI, Compression.GZIP, LabLayers.large(bytes));
    }

    /// An image that runs, with one layer that takes `bytes` when it is unpacked and next to nothing before.
    public static LabImage swelling(Path parent, int bytes) throws IOException {
        return build(parent, "swelling", Format.OCI, Compression.GZIP, LabLayers.swelling(bytes));
    }

    /// An image of random layers, which does not run.
    public static LabImage of(Path parent, String tag, RandomStacks stacks) throws IOException {
        return build(parent, tag, Format.OCI, Compression.GZIP, stacks.layers());
    }

    /// An image of the files of installed Debian packages, one layer for each, which does not run.
    ///
    /// @param tarFormat of GNU tar
    public static LabImage debian(
            Path parent, String tag, String tarFormat, Compression compression, String... packages)
            throws IOException, InterruptedException {
        Path work = Files.createDirectories(parent.resolve(tag + "-tars"));
        List<LabLayers.Layer> layers = new ArrayList<>();
        for (String one : packages) {
            layers.add(DebianLayers.of(work, tarFormat, one));
        }
        return build(parent, tag, Format.OCI, compression, layers);
    }

    /// An image that wants something from who runs it.
    ///
    /// @param wants fields of its configuration, as JSON
    /// @param links names in it and what they point to
    public static LabImage hostile(Path parent, String tag, String wants, Map<String, String> links)
            throws IOException {
        Path directory = Files.createDirectories(parent.resolve(tag));
        List<Blob> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (LabLayers.Layer content : LabLayers.linked(links)) {
            layers.add(storeLayer(directory, Format.OCI.layer(Compression.GZIP), content, Compression.GZIP, diffIds));
        }
        return assemble(directory, tag, Format.OCI, layers, diffIds, wants);
    }

    /// A Debian base with what typical RUN lines leave on top ([DebianBase]), which does not run.
    public static LabImage debianBase(Path parent) throws IOException, InterruptedException {
        Path work = Files.createDirectories(parent.resolve("base-tars"));
        return build(parent, "debian-base", Format.OCI, Compression.ZSTD, DebianBase.layers(work));
    }

    private static LabImage build(
            Path parent, String tag, Format format, Compression compression, List<LabLayers.Layer> contents)
            throws IOException {
        Path directory = Files.createDirectories(parent.resolve(tag));
        List<Blob> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (LabLayers.Layer content : contents) {
            layers.add(storeLayer(directory, format.layer(compression), content, compression, diffIds));
        }
        return assemble(directory, tag, format, layers, diffIds);
    }

    /// An image that runs, whose layers are "encrypted": every bit 7 is flipped, and the media type says so.
    public static LabImage encrypted(Path parent) throws IOException {
        LabImage plain = build(parent, Format.OCI, Compression.GZIP, false);
        Path directory = Files.createDirectories(parent.resolve("encrypted"));
        List<Blob> layers = new ArrayList<>();
        for (String layer : plain.layers()) {
            byte[] bytes = Files.readAllBytes(plain.directory().resolve(layer.substring("sha256:".length())));
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] ^= (byte) 0x80;
            }
            layers.add(store(directory, Format.OCI.layer(Compression.GZIP) + "+encrypted", bytes));
        }
        return assemble(directory, "encrypted", Format.OCI, layers, plain.diffIds());
    }

    private static LabImage assemble(Path directory, String tag, Format format, List<Blob> layers, List<String> diffIds)
            throws IOException {
        return assemble(directory, tag, format, layers, diffIds, "\"WorkingDir\":\"/srv\"");
    }

    private static LabImage assemble(
            Path directory, String tag, Format format, List<Blob> layers, List<String> diffIds, String wants)
            throws IOException {
        String config = """
                {"architecture":"amd64","os":"linux","created":"2026-01-02T03:04:05Z",\
                "config":{"Env":["PATH=/usr/bin:/bin","LAB=yes"],"Cmd":["/bin/sh","-c","echo hello from inside"],\
                %s},"rootfs":{"type":"layers","diff_ids":[%s]},"history":[]}""".formatted(
                wants,
                String.join(",", diffIds.stream().map(id -> "\"" + id + "\"").toList()));
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
                configBlob.digest(),
                layers.stream().map(Blob::digest).toList(),
                diffIds);
    }

    private static Blob store(Path directory, String mediaType, byte[] content) throws IOException {
        String digest = digest(content);
        Files.write(directory.resolve(digest.substring("sha256:".length())), content);
        return new Blob(mediaType, digest, content.length);
    }

    private static Blob storeLayer(
            Path directory, String mediaType, LabLayers.Layer content, Compression compression, List<String> diffIds)
            throws IOException {
        Path file = directory.resolve("layer-being-written");
        MessageDigest compressed = sha256();
        MessageDigest plain = sha256();
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), compressed);
                TarBytes tar = new TarBytes(new DigestOutputStream(compressing(out, compression), plain))) {
            content.write(tar);
        }
        diffIds.add(name(plain));
        Blob blob = new Blob(mediaType, name(compressed), Files.size(file));
        Files.move(file, directory.resolve(blob.digest().substring("sha256:".length())), REPLACE_EXISTING);
        return blob;
    }

    private static OutputStream compressing(OutputStream out, Compression compression) throws IOException {
        return switch (compression) {
            case GZIP -> new GZIPOutputStream(out, COMPRESSOR_BUFFER);
            case ZSTD -> new ZstdOutputStream(out);
        };
    }

    /// `sha256:` and the hash.
    static String digest(byte[] content) {
        MessageDigest sha256 = sha256();
        sha256.update(content);
        return name(sha256);
    }

    private static String name(MessageDigest digest) {
        return "sha256:" + HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
