package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `[store] max_bytes` bounds what the mirror keeps; images that were pulled are not its prey.
@Tag("root")
@Tag("peer")
final class StoreLimitsTest {
    private static final int LAYER_BYTES = 4 << 20;

    @TempDir
    Path work;

    @Test
    void pullThroughContentStaysWithinMaxBytesAndPulledImagesStay() throws Exception {
        try (LabRegistry registry = LabRegistry.start(work)) {
            LabImage pulled = LabImage.large(work.resolve("pulled"), LAYER_BYTES);
            LabImage older = LabImage.large(work.resolve("older"), LAYER_BYTES + 1);
            LabImage newer = LabImage.large(work.resolve("newer"), LAYER_BYTES + 2);
            String reference = registry.push(pulled, "lab/pulled");
            registry.push(older, "lab/older");
            registry.push(newer, "lab/newer");
            Path config = work.resolve("slipway.toml");
            Files.writeString(
                    config,
                    "version = 3\n[mirror]\nupstreams = [\"" + registry.host()
                            + "\"]\n[store]\nmax_bytes = \"6MiB\"\n");
            try (PackagedDaemon daemon = PackagedDaemon.start(work.resolve("slipway"), "--config", config.toString())) {
                daemon.checkSlipway("pull", reference);
                get(daemon, registry, "lab/older", older);
                get(daemon, registry, "lab/newer", newer);
                Awaitility.await("the older blob is given up")
                        .until(() -> !daemon.holds(older.layers().getLast()));
                assertThat(daemon.holds(newer.layers().getLast())).isTrue();
                assertThat(daemon.holds(pulled.layers().getLast())).isTrue();
                assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
            }
        }
    }

    private static void get(PackagedDaemon daemon, LabRegistry registry, String repository, LabImage image)
            throws Exception {
        URI uri = URI.create("http://" + daemon.mirror() + "/v2/" + repository + "/blobs/"
                + image.layers().getLast() + "?ns=" + registry.host());
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> response =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofByteArray());
            assertThat(response.statusCode()).isEqualTo(200);
        }
    }
}
