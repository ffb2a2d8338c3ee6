package io.slipway.daemon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The lab itself: its images are accepted by the peers that judge us, and its proxy counts right.
final class LabTest {
    @TempDir
    Path work;

    @Test
    void theImageIsUnderSixtyMegabytesAndEveryVariantHasTheSameTars() throws Exception {
        LabImage gzip = LabImage.build(work, LabImage.Format.OCI, LabImage.Compression.GZIP, true);
        LabImage zstd = LabImage.build(work, LabImage.Format.DOCKER, LabImage.Compression.ZSTD, true);
        assertThat(gzip.diffIds()).isEqualTo(zstd.diffIds()).hasSize(6);
        assertThat(gzip.layers()).doesNotContainAnyElementsOf(zstd.layers());
        long bytes = 0;
        try (var files = Files.list(gzip.directory())) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        assertThat(bytes).isLessThan(60_000_000);
    }

    @Test
    @Tag("root")
    @Tag("peer")
    void gnuTarReadsTheLayersAsWritten() throws Exception {
        Path tree = Files.createDirectory(work.resolve("tree"));
        Path base = work.resolve("base.tar");
        try (TarBytes tar = new TarBytes(Files.newOutputStream(base))) {
            LabLayers.all(true).getFirst().write(tar);
        }
        LabProcess.check(
                "tar",
                "-C",
                tree.toString(),
                "--xattrs",
                "--xattrs-include=*",
                "--numeric-owner",
                "-xpf",
                base.toString());
        Map<String, String> dump = TreeDump.of(tree);
        assertThat(dump.get("usr/bin/setuid")).startsWith("FILE mode=4755 owner=0:0 mtime=1767323045.123456789");
        assertThat(dump.get("usr/bin/cap-setuid")).contains("security.capability=0100000280");
        assertThat(dump.get("etc/labelled")).contains("owner=12:34").contains("user.note=00ff3d0a07");
        assertThat(dump.get("var/lib/sparse")).contains("size=25165824");
        assertThat(dump.get("dev/lab-null")).contains("CHARACTER_DEVICE").contains("rdev=1:3");
        assertThat(dump.get("run/pipe")).startsWith("FIFO mode=620");
    }

    @Test
    @Tag("peer")
    void theRegistryTakesEveryVariantAndTheProxyCountsDeliveredBytes() throws Exception {
        try (LabRegistry registry = LabRegistry.start(work);
                LabProxy proxy = LabProxy.start(registry.host());
                HttpClient client = HttpClient.newHttpClient()) {
            for (LabImage.Format format : LabImage.Format.values()) {
                for (LabImage.Compression compression : LabImage.Compression.values()) {
                    LabImage image = LabImage.build(work.resolve("images"), format, compression, false);
                    registry.push(image, "lab/image");
                    HttpResponse<byte[]> manifest = client.send(
                            HttpRequest.newBuilder(URI.create(
                                            "http://" + proxy.host() + "/v2/lab/image/manifests/" + image.tag()))
                                    .header("Accept", format.manifestType())
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray());
                    assertThat(manifest.statusCode()).isEqualTo(200);
                    assertThat(manifest.headers().firstValue("Docker-Content-Digest"))
                            .contains(image.manifestDigest());
                    String layer = image.layers().getFirst();
                    HttpResponse<byte[]> part = client.send(
                            HttpRequest.newBuilder(
                                            URI.create("http://" + proxy.host() + "/v2/lab/image/blobs/" + layer))
                                    .header("Range", "bytes=100-299")
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray());
                    assertThat(part.body()).hasSize(200);
                    assertThat(Files.size(registry.blobFile(layer))).isGreaterThan(300);
                    Awaitility.await("the proxy has written it down")
                            .untilAsserted(() -> assertThat(proxy.seen())
                                    .last()
                                    .isEqualTo(new LabProxy.Seen(
                                            "GET", "/v2/lab/image/blobs/" + layer, "", 206, 100, 200, false)));
                }
            }
        }
    }

    /// A test that fails with a container running leaves nothing of it on the machine.
    @Test
    @Tag("root")
    @Tag("peer")
    void theSweepTakesEverythingOffTheMachine() throws Exception {
        Leaks before = Leaks.now();
        try (LabRegistry registry = LabRegistry.start(work)) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/left");
            PackagedDaemon daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
            daemon.checkSlipway("run", "-d", reference, "/bin/sh", "-c", "while :; do sleep 1; done");
            assertThat(Leaks.now().shims()).hasSizeGreaterThan(before.shims().size());

            Sweep.below(work.resolve("slipway"));

            before.assertNothingNew();
            assertThat(daemon.process().isAlive()).isFalse();
            Sweep.below(work.resolve("slipway"));
        }
    }
}
