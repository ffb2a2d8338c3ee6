package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `slipway why`, `du` and `fsck` on the packaged daemon, and collection as `[gc]` says.
@Tag("root")
@Tag("peer")
final class StoreCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path work;

    @Test
    void anImageIsExplainedCountedCheckedMendedAndCollected() throws Exception {
        Path config = work.resolve("slipway.toml");
        Files.writeString(config, "version = 3\n[gc]\nschedule_delay = \"50ms\"\npause_threshold = 0.5\n");
        try (LabRegistry registry = LabRegistry.start(work);
                PackagedDaemon daemon = PackagedDaemon.start(
                        work.resolve("slipway"), "--config", config.toString(), "--mirror-address", "off")) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/store");
            daemon.checkSlipway("pull", reference);
            String layer = image.layers().getFirst();

            assertThat(daemon.checkSlipway("why", layer))
                    .contains("state: stored")
                    .contains("kept by: image " + reference + " (default) > target content ")
                    .contains("from: " + registry.host() + "/lab/store (public)");
            LabProcess.Result unknown = daemon.slipway("why", "sha256:" + "0".repeat(64));
            assertThat(unknown.exit()).as(unknown.output()).isEqualTo(3);
            assertThat(daemon.slipway("why", "nonsense").exit()).isEqualTo(2);

            JsonNode usage = JSON.readTree(daemon.checkSlipway("du", "--json"));
            assertThat(usage.at("/namespaces/default/own")).isEqualTo(usage.get("blobs"));
            assertThat(usage.at("/parts/snapshots~1overlayfs/count").asInt())
                    .isEqualTo(image.layers().size());
            assertThat(daemon.checkSlipway("du")).contains("seen by default");

            assertThat(daemon.checkSlipway("fsck", "--deep")).endsWith(" 0 wrong, 0 repaired\n");
            spoil(daemon, layer);
            LabProcess.Result found = daemon.slipway("fsck", "--deep");
            assertThat(found.exit()).as(found.output()).isEqualTo(6);
            assertThat(found.stdout()).contains(layer + ": corrupt: ");
            registry.stop();
            assertThat(daemon.slipway("fsck", "--deep", "--repair").exit()).isEqualTo(6);
            assertThat(daemon.holds(layer)).isFalse();
            assertThat(daemon.checkSlipway("why", layer))
                    // It is being asked for again at once, of a registry that is down.
                    .containsPattern("state: (absent|arriving)\n")
                    .contains("lost by: default");
            try (LabRegistry _ = LabRegistry.start(work, registry.port(), "")) {
                daemon.checkSlipway("pull", reference);
                assertThat(daemon.holds(layer)).as("fetched again").isTrue();
            }
            daemon.checkSlipway("fsck", "--deep");
            assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");

            daemon.checkSlipway("rmi", reference);
            Awaitility.await("what nothing keeps is collected").until(() -> !daemon.holds(layer));
        }
    }

    private static void spoil(PackagedDaemon daemon, String digest) throws Exception {
        String[] parts = digest.split(":", 2);
        Path file = daemon.root().resolve("content/blobs").resolve(parts[0]).resolve(parts[1]);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);
    }
}
