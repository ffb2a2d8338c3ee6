package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `slipway scrub` on the packaged daemon: what the disk has spoiled is whole again without anybody asking for it.
@Tag("root")
@Tag("peer")
final class ScrubTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Duration LIMIT = Duration.ofSeconds(LabProcess.LIMIT_S);

    @TempDir
    Path work;

    private static Path file(PackagedDaemon daemon, String digest) {
        String[] parts = digest.split(":", 2);
        return daemon.root().resolve("content/blobs").resolve(parts[0]).resolve(parts[1]);
    }

    private static byte[] spoil(PackagedDaemon daemon, String digest) throws Exception {
        byte[] bytes = Files.readAllBytes(file(daemon, digest));
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file(daemon, digest));
        Files.write(file(daemon, digest), bytes);
        return bytes;
    }

    private static void awaitWhole(PackagedDaemon daemon, String digest) {
        Awaitility.await(digest + " is whole again").atMost(LIMIT).untilAsserted(() -> {
            assertThat(daemon.holds(digest)).isTrue();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file(daemon, digest)));
            assertThat("sha256:" + HexFormat.of().formatHex(hash)).isEqualTo(digest);
        });
    }

    private static String metrics(PackagedDaemon daemon) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(daemon.metrics() + "/v1/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void aFlippedByteIsFoundAndFetchedAgainAndAReaderIsNotHarmed() throws Exception {
        try (LabRegistry registry = LabRegistry.start(work);
                PackagedDaemon daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off")) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/scrub");
            daemon.checkSlipway("pull", reference);
            assertThat(daemon.checkSlipway("scrub", "--rate", "1000")).endsWith(" 0 bad\n");

            String layer = image.layers().getFirst();
            byte[] spoiled = spoil(daemon, layer);
            try (InputStream reader = Files.newInputStream(file(daemon, layer))) {
                byte[] half = reader.readNBytes(spoiled.length / 2);
                LabProcess.Result scrub = daemon.slipway("--json", "scrub", "--rate", "1000");
                assertThat(scrub.exit()).as(scrub.output()).isEqualTo(6);
                JsonNode found = JSON.readTree(scrub.stdout());
                assertThat(found.at("/bad/0/object").asText()).isEqualTo(layer);
                assertThat(found.at("/bad/0/kind").asText()).isEqualTo("corrupt");
                assertThat(found.get("bad")).hasSize(1);
                awaitWhole(daemon, layer);
                assertThat(half).isEqualTo(Arrays.copyOf(spoiled, half.length));
                assertThat(reader.readAllBytes()).isEqualTo(Arrays.copyOfRange(spoiled, half.length, spoiled.length));
            }
            Awaitility.await("the namespace sees it")
                    .untilAsserted(() -> assertThat(daemon.checkSlipway("why", layer))
                            .contains("state: stored")
                            .doesNotContain("lost by"));
            assertThat(daemon.checkSlipway("scrub", "--rate", "1000")).endsWith(" 0 bad\n");
            assertThat(daemon.checkSlipway("fsck", "--deep")).endsWith(" 0 wrong, 0 repaired\n");
            assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
            assertThat(metrics(daemon)).contains("slipway_refetches_total{result=\"done\"} 1.0");
            LabProcess.Result wrong = daemon.slipway("scrub", "--rate", "0");
            assertThat(wrong.exit()).as(wrong.output()).isEqualTo(2);
        }
    }

    @Test
    void whatUpstreamCannotGiveNowStaysListedAndComesLater() throws Exception {
        try (LabRegistry registry = LabRegistry.start(work);
                PackagedDaemon daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off")) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/later");
            daemon.checkSlipway("pull", reference);
            registry.stop();
            String manifest = image.manifestDigest();
            spoil(daemon, manifest);
            spoil(daemon, image.config());
            LabProcess.Result scrub = daemon.slipway("scrub", "--rate", "1000");
            assertThat(scrub.exit()).as(scrub.output()).isEqualTo(6);
            assertThat(scrub.stdout())
                    .contains(manifest + ": corrupt: ")
                    .contains(image.config() + ": corrupt: ")
                    .endsWith(" 2 bad\n");
            Awaitility.await("it was tried")
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(metrics(daemon))
                            .containsPattern("slipway_refetches_total\\{result=\"failed\"} [1-9]"));
            assertThat(daemon.checkSlipway("why", manifest))
                    .contains("state: absent")
                    .contains("lost by: default")
                    .contains("kept by: image " + reference);
            try (LabRegistry _ = LabRegistry.start(work, registry.port(), "")) {
                Awaitility.await("the next rounds")
                        .atMost(LIMIT)
                        .untilAsserted(() -> assertThat(daemon.holds(manifest) && daemon.holds(image.config()))
                                .isTrue());
                awaitWhole(daemon, manifest);
                awaitWhole(daemon, image.config());
                assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
            }
        }
    }
}
