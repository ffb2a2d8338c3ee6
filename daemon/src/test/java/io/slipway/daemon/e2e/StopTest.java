package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabProxy;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stop while a client of the mirror still waits for bytes that do not come.
@Tag("root")
@Tag("peer")
final class StopTest {
    private static final int LAYER_BYTES = 24 << 20;

    @TempDir
    Path work;

    private LabRegistry registry;
    private LabProxy upstream;
    private PackagedDaemon daemon;
    private LabProcess client;

    @BeforeEach
    void holdAnAnswer() throws Exception {
        registry = LabRegistry.start(work);
        upstream = LabProxy.start(registry.host());
        LabImage image = LabImage.large(work.resolve("i"), LAYER_BYTES);
        registry.push(image, "lab/slow");
        Path config = Files.writeString(
                work.resolve("slipway.toml"), "version = 3\n[mirror]\nupstreams = [\"" + upstream.host() + "\"]\n");
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--config", config.toString());
        upstream.holdAfter(LAYER_BYTES / 2);
        client = LabProcess.start(
                work.resolve("curl.log"),
                Map.of(),
                List.of(
                        "curl",
                        "-sS",
                        "-o",
                        work.resolve("body").toString(),
                        "http://" + daemon.mirror() + "/v2/lab/slow/blobs/"
                                + image.layers().getLast() + "?ns=" + upstream.host()));
        upstream.awaitHeld();
    }

    @AfterEach
    void stop() {
        client.close();
        upstream.close();
        daemon.close();
        registry.close();
    }

    @Test
    void theReadyFileGoesFirstAndTheWaitIsBounded() throws Exception {
        signal();
        Awaitility.await("the stop begins")
                .until(() -> !Files.exists(daemon.state().resolve("ready.json")));
        assertThat(status("/healthz")).as("still listening").isEqualTo(200);
        Awaitility.await("no longer ready").until(() -> status("/readyz") == 503);
        assertThat(daemon.process().awaitExit()).as(daemon.process().log()).isZero();
        assertThat(daemon.process().log()).contains("Stopped.");
        assertThat(client.awaitExit())
                .as("the client knows that it has not all")
                .isNotZero();
        assertThat(daemon.state()).isDirectoryNotContaining(file -> !file.endsWith("lock"));
    }

    @Test
    void aSecondSignalEndsAtOnceAndTheNextStartWorks() throws Exception {
        signal();
        Awaitility.await("the stop begins")
                .until(() -> !Files.exists(daemon.state().resolve("ready.json")));
        signal();
        assertThat(daemon.process().awaitExit()).as(daemon.process().log()).isEqualTo(1);
        assertThat(daemon.process().log())
                .contains("A second signal came, ending at once.")
                .doesNotContain("Stopped.");
        try (PackagedDaemon next = PackagedDaemon.start(work.resolve("slipway"))) {
            assertThat(next.process().stop()).isZero();
        }
    }

    private void signal() throws Exception {
        LabProcess.check("kill", "-TERM", Long.toString(daemon.process().pid()));
    }

    private int status(String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(URI.create(daemon.metrics() + path))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }
}
