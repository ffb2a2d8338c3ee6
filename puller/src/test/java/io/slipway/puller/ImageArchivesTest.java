package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.filter.Filter;
import io.slipway.puller.archive.ArchiveFormat;
import io.slipway.puller.archive.ArchiveListener;
import io.slipway.puller.archive.ExportRequest;
import io.slipway.puller.archive.ImportRequest;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Archives in and out of a real store; bad ones leave nothing.
class ImageArchivesTest {
    private static final String NS = "default";
    private static final String LAYOUT = "{\"imageLayoutVersion\":\"1.0.0\"}";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    @TempDir
    Path root;

    private Vertx vertx;
    private PullerHarness harness;

    @SuppressWarnings("NullAway.Init")
    ImageArchivesTest() {}

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        harness = new PullerHarness(vertx, root);
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertThat(harness.cas.ingests().list(NS, Filter.parse(List.of())))
                    .as("ingests left")
                    .isEmpty();
            assertThat(harness.cas.leases().list(NS, Filter.parse(List.of())))
                    .as("leases left")
                    .isEmpty();
        } finally {
            harness.close();
            vertx.close().toCompletionStage().toCompletableFuture().get();
        }
    }

    /// A tar archive that is being written.
    private static final class Tar {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

        Tar() {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        }

        Tar file(String name, byte[] content) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, true);
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        }

        Tar file(String name, String content) throws IOException {
            return file(name, utf8(content));
        }

        Tar blob(byte[] content) throws IOException {
            return file("blobs/" + digest(content).replace(':', '/'), content);
        }

        Tar link(String name, String target) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK, true);
            entry.setLinkName(target);
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
            return this;
        }

        /// Says that the name of the next entry has so many bytes (GNU's `L`).
        Tar longName(int bytes) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(TarConstants.GNU_LONGLINK, TarConstants.LF_GNUTYPE_LONGNAME);
            entry.setSize(bytes);
            tar.putArchiveEntry(entry);
            tar.write(utf8("x".repeat(bytes)));
            tar.closeArchiveEntry();
            return this;
        }

        Tar device(String name) throws IOException {
            tar.putArchiveEntry(new TarArchiveEntry(name, TarConstants.LF_CHR, true));
            tar.closeArchiveEntry();
            return this;
        }

        byte[] bytes() throws IOException {
            tar.close();
            return bytes.toByteArray();
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String digest(byte[] content) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String descriptor(String mediaType, byte[] blob) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest(blob), blob.length);
    }

    private static String with(String descriptor, String more) {
        return descriptor.substring(0, descriptor.length() - 1) + "," + more + "}";
    }

    private static final byte[] LAYER_BYTES = layer();
    private static final byte[] CONFIG_BYTES = utf8("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":"
            + "\"layers\",\"diff_ids\":[\"" + digest(LAYER_BYTES) + "\"]}}");
    private static final byte[] MANIFEST_BYTES =
            utf8("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":"
                    + descriptor(CONFIG, CONFIG_BYTES) + ",\"layers\":[" + descriptor(LAYER, LAYER_BYTES) + "]}");

    private static byte[] layer() {
        byte[] bytes = new byte[700_000];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private static String index(String... entries) {
        return "{\"schemaVersion\":2,\"manifests\":[" + String.join(",", entries) + "]}";
    }

    private static String named(String descriptor, String name) {
        return with(descriptor, "\"annotations\":{\"org.opencontainers.image.ref.name\":\"" + name + "\"}");
    }

    private static Tar layoutOf(String index) throws IOException {
        return new Tar().file("oci-layout", LAYOUT).file("index.json", index);
    }

    private static Tar image() throws IOException {
        return layoutOf(index(named(descriptor(MANIFEST, MANIFEST_BYTES), "v1")))
                .blob(MANIFEST_BYTES)
                .blob(CONFIG_BYTES)
                .blob(LAYER_BYTES);
    }

    private Map<String, Descriptor> read(byte[] archive) throws InterruptedException {
        return read(new ByteArrayInputStream(archive));
    }

    private Map<String, Descriptor> read(InputStream archive) throws InterruptedException {
        return harness.puller
                .archives()
                .read(
                        new ImportRequest(
                                NS,
                                "example.com/base",
                                new ImportRequest.Naming(false, false, false),
                                Map.of(),
                                List.of(),
                                List.of(),
                                Optional.empty()),
                        archive,
                        ArchiveListener.NONE);
    }

    private byte[] write(ArchiveFormat format, String... names) throws InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        harness.puller
                .archives()
                .write(
                        new ExportRequest(NS, List.of(names), List.of(), format, true, Optional.empty()),
                        out,
                        ArchiveListener.NONE);
        return out.toByteArray();
    }

    private void refused(byte[] archive, String why) throws IOException {
        assertThatThrownBy(() -> read(archive))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.DATA_LOSS))
                .hasMessageContaining(why);
        assertThat(harness.cas.images().list(NS, Filter.parse(List.of()))).isEmpty();
    }

    @Test
    void aLayoutBecomesAnImageWithItsDigest() throws Exception {
        assertThat(read(image().bytes())).containsOnlyKeys("example.com/base:v1");
        assertThat(harness.cas
                        .images()
                        .get(NS, "example.com/base:v1")
                        .orElseThrow()
                        .target()
                        .digest())
                .hasToString(digest(MANIFEST_BYTES));
        assertThat(harness.cas
                        .contents()
                        .info(NS, Digest.parse(digest(MANIFEST_BYTES)))
                        .orElseThrow()
                        .labels())
                .containsEntry("containerd.io/gc.ref.content.config", digest(CONFIG_BYTES))
                .containsEntry("containerd.io/gc.ref.content.l.0", digest(LAYER_BYTES));
        harness.cas.collector().collect();
        assertThat(harness.stored(Digest.parse(digest(LAYER_BYTES)))).isTrue();
    }

    @Test
    void anImageIsWrittenAsItWasRead() throws Exception {
        read(image().bytes());
        byte[] first = write(ArchiveFormat.OCI, "example.com/base:v1");
        assertThat(write(ArchiveFormat.OCI, "example.com/base:v1")).isEqualTo(first);
        harness.cas.images().delete(NS, "example.com/base:v1", Optional.empty(), true);
        assertThat(harness.stored(Digest.parse(digest(LAYER_BYTES)))).isFalse();
        assertThat(read(first)).containsOnlyKeys("example.com/base:v1");
        assertThat(write(ArchiveFormat.OCI, "example.com/base:v1")).isEqualTo(first);
    }

    @Test
    void attestationsAndArtifactsComeBack() throws Exception {
        byte[] empty = utf8("{}");
        byte[] statement = utf8("{\"predicate\":1}");
        byte[] attestation = utf8("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":"
                + descriptor("application/vnd.oci.empty.v1+json", empty) + ",\"layers\":["
                + descriptor("application/vnd.in-toto+json", statement) + "]}");
        String index = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
                + with(
                        descriptor(MANIFEST, MANIFEST_BYTES),
                        "\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}")
                + ","
                + with(
                        descriptor(MANIFEST, attestation),
                        "\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},\"annotations\":"
                                + "{\"vnd.docker.reference.digest\":\"" + digest(MANIFEST_BYTES) + "\"}")
                + "]}";
        byte[] archive = layoutOf(index(
                        named(descriptor("application/vnd.oci.image.index.v1+json", utf8(index)), "v1"),
                        named(descriptor(MANIFEST, attestation), "artifact")))
                .blob(utf8(index))
                .blob(MANIFEST_BYTES)
                .blob(CONFIG_BYTES)
                .blob(LAYER_BYTES)
                .blob(attestation)
                .blob(empty)
                .blob(statement)
                .bytes();
        read(archive);
        byte[] written = write(ArchiveFormat.OCI, "example.com/base:v1", "example.com/base:artifact");
        harness.cas.images().delete(NS, "example.com/base:artifact", Optional.empty(), true);
        harness.cas.images().delete(NS, "example.com/base:v1", Optional.empty(), true);
        assertThat(harness.stored(Digest.parse(digest(statement)))).isFalse();
        read(written);
        assertThat(harness.stored(Digest.parse(digest(statement)))).isTrue();
        // What is asked for by platform has what is said about it.
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        harness.puller
                .archives()
                .write(
                        new ExportRequest(
                                NS,
                                List.of("example.com/base:v1"),
                                List.of(Platform.parse("linux/amd64")),
                                ArchiveFormat.OCI,
                                true,
                                Optional.empty()),
                        out,
                        ArchiveListener.NONE);
        assertThat(out.toString(StandardCharsets.ISO_8859_1))
                .contains(digest(statement).substring(7));
    }

    @Test
    void aDockerArchiveWithALinkedLayerBecomesOneImageOfTwoNames() throws Exception {
        byte[] archive = new Tar()
                .file("config.json", CONFIG_BYTES)
                .file("one/layer.tar", LAYER_BYTES)
                .link("two/layer.tar", "../one/layer.tar")
                .file("repositories", "{}")
                .file(
                        "manifest.json",
                        "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\",\"example.com/b:2\"],"
                                + "\"Layers\":[\"two/layer.tar\"]}]")
                .bytes();
        assertThat(read(archive)).containsOnlyKeys("docker.io/library/a:1", "example.com/b:2");
        byte[] docker = write(ArchiveFormat.DOCKER, "docker.io/library/a:1");
        harness.cas.images().delete(NS, "docker.io/library/a:1", Optional.empty(), true);
        assertThat(read(docker)).containsOnlyKeys("docker.io/library/a:1");
    }

    @Test
    void namesThatLeadOutAreRefused() throws Exception {
        refused(image().file("../out", "x").bytes(), "\"../out\" does not stay inside the archive");
        refused(image().file("/etc/passwd", "x").bytes(), "does not stay inside the archive");
        refused(image().link("in", "../../etc/passwd").bytes(), "does not stay inside the archive");
        refused(image().device("null").bytes(), "\"null\" is neither a file nor a link to one");
        refused(image().file("./index.json", "{}").bytes(), "\"index.json\" is in it twice");
        refused(
                new Tar()
                        .link("a", "b")
                        .link("b", "a")
                        .file("manifest.json", "[{\"Config\":\"a\",\"RepoTags\":[],\"Layers\":[]}]")
                        .bytes(),
                "names \"a\", which is not in the archive");
    }

    @Test
    void whatIsNotWholeIsRefused() throws Exception {
        String v1 = index(named(descriptor(MANIFEST, MANIFEST_BYTES), "v1"));
        refused(layoutOf(v1).blob(CONFIG_BYTES).blob(LAYER_BYTES).bytes(), digest(MANIFEST_BYTES));
        refused(layoutOf(v1).blob(MANIFEST_BYTES).blob(CONFIG_BYTES).bytes(), digest(LAYER_BYTES));
        refused(
                layoutOf(v1)
                        .blob(MANIFEST_BYTES)
                        .blob(CONFIG_BYTES)
                        .file("blobs/" + digest(LAYER_BYTES).replace(':', '/'), new byte[700_000])
                        .bytes(),
                "is damaged or forged");
        byte[] whole = image().bytes();
        refused(Arrays.copyOf(whole, whole.length / 2), "damaged");
        refused(new byte[0], "it holds no images");
        refused(new Tar().file("hello", "x").bytes(), "it holds no images");
        refused(utf8("no tar at all ".repeat(100)), "damaged");
        refused(new byte[] {0x1f, (byte) 0x8b, 1, 2, 3}, "damaged");
        refused(utf8("BZh91AY"), "bzip2");
    }

    @Test
    void documentsThatAskTooMuchAreRefused() throws Exception {
        refused(layoutOf("[".repeat(100_000)).bytes(), "index.json");
        refused(layoutOf("{\"manifests\":" + " ".repeat(5 << 20) + "[]}").bytes(), "more than");
        refused(layoutOf("{\"manifests\":[],\"manifests\":[]}").bytes(), "index.json");
        refused(
                new Tar()
                        .file("oci-layout", "{\"imageLayoutVersion\":\"7.0\"}")
                        .file("index.json", index())
                        .bytes(),
                "version \"7.0\"");
        refused(
                layoutOf(index(named(descriptor(MANIFEST, MANIFEST_BYTES), "NOT A TAG")))
                        .bytes(),
                "names an image badly");
        refused(new Tar().longName(2 << 20).file("x", "x").bytes(), "bytes of names and records");
        byte[] inner = MANIFEST_BYTES;
        Tar tar = new Tar().blob(MANIFEST_BYTES).blob(CONFIG_BYTES).blob(LAYER_BYTES);
        String type = MANIFEST;
        for (int i = 0; i < 6; i++) {
            byte[] outer = utf8(index(descriptor(type, inner)));
            type = "application/vnd.oci.image.index.v1+json";
            tar.blob(outer);
            inner = outer;
        }
        tar.file("oci-layout", LAYOUT).file("index.json", index(named(descriptor(type, inner), "v1")));
        refused(tar.bytes(), "nested too deeply");
    }

    @Test
    void aCancelledImportLeavesNothing() throws Exception {
        byte[] whole = image().bytes();
        Thread test = Thread.currentThread();
        InputStream stuck = new InputStream() {
            private int at;

            @Override
            public int read() {
                throw new AssertionError("archives are read in blocks");
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int count = Math.min(length, whole.length / 2 - at);
                if (count == 0) {
                    test.interrupt();
                    try {
                        new java.util.concurrent.CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        throw (IOException) new java.io.InterruptedIOException("cancelled").initCause(e);
                    }
                }
                System.arraycopy(whole, at, bytes, offset, count);
                at += count;
                return count;
            }
        };
        assertThatThrownBy(() -> read(stuck)).isInstanceOf(InterruptedException.class);
        org.awaitility.Awaitility.await()
                .until(() ->
                        harness.cas.leases().list(NS, Filter.parse(List.of())).isEmpty());
        assertThat(harness.cas.images().list(NS, Filter.parse(List.of()))).isEmpty();
    }
}
