package io.slipway.daemon.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Small archives of images, good and bad: an index of two platforms, one image, and what `docker save` writes. The
/// same on every run.
public final class LabArchives {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String REF_NAME = "org.opencontainers.image.ref.name";
    private static final String LAYOUT = "{\"imageLayoutVersion\":\"1.0.0\"}";

    private final Path directory;

    private LabArchives(Path directory) {
        this.directory = directory;
    }

    /// An image: its parts and what names it.
    public static final class Image {
        private final Map<String, byte[]> blobs;
        private final String descriptor;
        private final String digest;
        private final byte[] config;
        private final byte[] layer;

        /// @param descriptor of its manifest or index, without the closing brace
        private Image(Map<String, byte[]> blobs, String descriptor, String digest, byte[] config, byte[] layer) {
            this.blobs = blobs;
            this.descriptor = descriptor;
            this.digest = digest;
            this.config = config;
            this.layer = layer;
        }

        /// By digest.
        public Map<String, byte[]> blobs() {
            return blobs;
        }

        /// Of its manifest or index.
        public String digest() {
            return digest;
        }

        /// As an entry of `index.json`.
        public String entry(String... annotations) {
            List<String> pairs = new ArrayList<>();
            for (int i = 0; i < annotations.length; i += 2) {
                pairs.add("\"%s\":\"%s\"".formatted(annotations[i], annotations[i + 1]));
            }
            return descriptor + (pairs.isEmpty() ? "" : ",\"annotations\":{" + String.join(",", pairs) + "}") + "}";
        }
    }

    /// Writes all of them below `directory`, each under its name.
    public static LabArchives write(Path directory) throws IOException {
        LabArchives archives = new LabArchives(Files.createDirectories(directory));
        Image multi = multi();
        Image single = image("amd64", "single");
        archives.layout("multi.tar", multi.blobs(), multi.entry(REF_NAME, "v1"));
        archives.layout(
                "named.tar",
                multi.blobs(),
                multi.entry("io.containerd.image.name", "example.com/named:v1", REF_NAME, "v1"),
                image("amd64", "1").entry());
        archives.layout("full-ref.tar", single.blobs(), single.entry(REF_NAME, "docker.io/library/full:2"));
        archives.layout("anonymous.tar", single.blobs(), single.entry());
        archives.layout("missing.tar", without(single, single.digest()), single.entry(REF_NAME, "v1"));
        String layer = LabImage.digest(gzip(single.layer));
        archives.layout("no-layer.tar", without(single, layer), single.entry(REF_NAME, "v1"));
        Image forged = image("amd64", "forged");
        Map<String, byte[]> wrong = new LinkedHashMap<>(forged.blobs());
        wrong.put(LabImage.digest(gzip(forged.layer)), "something else".getBytes(StandardCharsets.UTF_8));
        archives.layout("wrong.tar", wrong, forged.entry(REF_NAME, "v1"));
        Image docker = image("amd64", "1");
        archives.docker("docker.tar", docker, "\"example.com/docker:1\",\"example.com/docker:2\"");
        archives.docker("no-tags.tar", docker, "");
        archives.tar("empty.tar", Map.of());
        archives.tar("other.tar", Map.of("hello", new byte[] {1}));
        Files.writeString(directory.resolve("garbage.tar"), "not a tar".repeat(100));
        Files.writeString(directory.resolve("blob"), "hello blob\n");
        Files.writeString(directory.resolve("big"), "0123456789".repeat(300_000));
        return archives;
    }

    /// An index of two images.
    public static Image multi() throws IOException {
        Image amd64 = image("amd64", "1");
        Image arm64 = image("arm64", "1");
        byte[] index = "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s,%s]}"
                .formatted(INDEX, platform(amd64, "amd64"), platform(arm64, "arm64"))
                .getBytes(StandardCharsets.UTF_8);
        Map<String, byte[]> blobs = new LinkedHashMap<>(amd64.blobs());
        blobs.putAll(arm64.blobs());
        return whole(blobs, INDEX, index, amd64.config, amd64.layer);
    }

    private static String platform(Image image, String architecture) {
        return image.descriptor + ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}".formatted(architecture);
    }

    /// One image of one layer.
    public static Image image(String architecture, String content) throws IOException {
        byte[] layer = tar(Map.of("hello-" + architecture + "-" + content, new byte[3_000]));
        byte[] packed = gzip(layer);
        byte[] config = """
                {"architecture":"%s","os":"linux","config":{"Cmd":["/hello"]},\
                "rootfs":{"type":"layers","diff_ids":["%s"]},"history":[]}""".formatted(architecture, LabImage.digest(layer)).getBytes(StandardCharsets.UTF_8);
        Map<String, byte[]> blobs = new LinkedHashMap<>();
        blobs.put(LabImage.digest(packed), packed);
        blobs.put(LabImage.digest(config), config);
        byte[] manifest = "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
                .formatted(
                        MANIFEST,
                        descriptor("application/vnd.oci.image.config.v1+json", config) + "}",
                        descriptor("application/vnd.oci.image.layer.v1.tar+gzip", packed) + "}")
                .getBytes(StandardCharsets.UTF_8);
        return whole(blobs, MANIFEST, manifest, config, layer);
    }

    private static Image whole(
            Map<String, byte[]> parts, String mediaType, byte[] document, byte[] config, byte[] layer) {
        Map<String, byte[]> blobs = new LinkedHashMap<>(parts);
        blobs.put(LabImage.digest(document), document);
        return new Image(blobs, descriptor(mediaType, document), LabImage.digest(document), config, layer);
    }

    private static String descriptor(String mediaType, byte[] blob) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d"
                .formatted(mediaType, LabImage.digest(blob), blob.length);
    }

    private static Map<String, byte[]> without(Image image, String digest) {
        Map<String, byte[]> blobs = new LinkedHashMap<>(image.blobs());
        blobs.remove(digest);
        return blobs;
    }

    private void layout(String name, Map<String, byte[]> blobs, String... entries) throws IOException {
        tar(name, layout(blobs, entries));
    }

    /// The files of a layout.
    public static Map<String, byte[]> layout(Map<String, byte[]> blobs, String... entries) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("oci-layout", LAYOUT.getBytes(StandardCharsets.UTF_8));
        files.put(
                "index.json",
                ("{\"schemaVersion\":2,\"manifests\":[" + String.join(",", entries) + "]}")
                        .getBytes(StandardCharsets.UTF_8));
        blobs.forEach((digest, blob) -> files.put("blobs/" + digest.replace(':', '/'), blob));
        return files;
    }

    private void docker(String name, Image image, String tags) throws IOException {
        String config = LabImage.digest(image.config).substring("sha256:".length()) + ".json";
        String layer = LabImage.digest(image.layer).substring("sha256:".length()) + "/layer.tar";
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(config, image.config);
        files.put(layer, image.layer);
        files.put(
                "manifest.json",
                "[{\"Config\":\"%s\",\"RepoTags\":[%s],\"Layers\":[\"%s\"]}]"
                        .formatted(config, tags, layer)
                        .getBytes(StandardCharsets.UTF_8));
        tar(name, files);
    }

    private void tar(String name, Map<String, byte[]> files) throws IOException {
        Files.write(directory.resolve(name), tar(files));
    }

    /// The archive of that name.
    public Path path(String name) {
        return directory.resolve(name);
    }

    /// A tar archive of these files.
    public static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                entry.setModTime(1_000);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }
}
