package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.CriImages;
import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabProxy;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Debian's containerd, its CRI plugin and skopeo pull through the mirror: cold, warm, and with upstream gone.
@Tag("root")
@Tag("peer")
final class MirrorPeersTest {
    @TempDir
    Path work;

    private LabRegistry registry;
    private LabProxy upstream;
    private PackagedDaemon daemon;
    private LabImage image;
    private String reference;
    private Path certs;

    @BeforeEach
    void start() throws Exception {
        registry = LabRegistry.start(work);
        upstream = LabProxy.start(registry.host());
        image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
        registry.push(image, "lab/mirrored");
        reference = upstream.host() + "/lab/mirrored:" + image.tag();
        Path config = work.resolve("slipway.toml");
        Files.writeString(config, "version = 3\n[mirror]\nupstreams = [\"" + upstream.host() + "\"]\n");
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--config", config.toString());
        certs = work.resolve("certs.d");
        Path directory = Files.createDirectories(certs.resolve(upstream.host().replace(":", "_") + "_"));
        Files.writeString(directory.resolve("hosts.toml"), """
                server = "http://%s"
                [host."http://%s"]
                  capabilities = ["pull", "resolve"]
                """.formatted(upstream.host(), daemon.mirror()));
    }

    @AfterEach
    void stop() {
        daemon.close();
        upstream.close();
        registry.close();
    }

    @Test
    void containerdPullsColdThenWarmThenWithUpstreamStopped() throws Exception {
        pullWithContainerd("cold");
        assertThat(layerRequests()).as("each layer is fetched from upstream").isNotEmpty();
        int cold = layerRequests().size();
        pullWithContainerd("warm");
        assertThat(layerRequests()).as("no layer is fetched again").hasSize(cold);
        registry.stop();
        pullWithContainerd("alone");
    }

    @Test
    void theKubeletsCallPullsColdThenWarmThenWithUpstreamStopped() throws Exception {
        for (String round : List.of("cold", "warm", "alone")) {
            if (round.equals("alone")) {
                registry.stop();
            }
            Path home = Files.createDirectory(work.resolve("cri-" + round));
            try (LabContainerd containerd = LabContainerd.start(home, certs);
                    CriImages cri = new CriImages(containerd.socket())) {
                assertThat(cri.pull(reference)).startsWith("sha256:");
                assertThat(containerd.checkCtr("-n", "k8s.io", "images", "ls", "-q"))
                        .contains(reference);
            }
        }
        assertThat(layerRequests()).hasSize(new TreeSet<>(image.layers()).size());
    }

    /// skopeo sends no `ns`; the mirror knows by `default_upstream` what a name without host means.
    @Test
    void skopeoCopiesThroughTheDefaultUpstream() throws Exception {
        Path config = work.resolve("default-upstream.toml");
        Files.writeString(
                config,
                "version = 3\n[mirror]\nupstreams = [\"%1$s\"]\ndefault_upstream = \"%1$s\"\n"
                        .formatted(upstream.host()));
        try (PackagedDaemon named = PackagedDaemon.start(work.resolve("named"), "--config", config.toString())) {
            String through = "docker://" + named.mirror() + "/lab/mirrored:" + image.tag();
            copy(through, "cold");
            int cold = layerRequests().size();
            assertThat(cold).isPositive();
            copy(through, "warm");
            assertThat(layerRequests()).as("no layer is fetched again").hasSize(cold);
            registry.stop();
            copy(through, "alone");
        }
    }

    private void copy(String from, String round) throws Exception {
        Path target = work.resolve("skopeo-" + round);
        LabProcess.check(
                "skopeo",
                "--insecure-policy",
                "copy",
                "-q",
                "--src-tls-verify=false",
                "--preserve-digests",
                from,
                "dir:" + target);
        assertThat(target.resolve("manifest.json"))
                .hasSameBinaryContentAs(image.directory().resolve("manifest.json"));
    }

    @Test
    void anUnlistedPrivateHostIsRefusedWithoutAConnection() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        try (ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                HttpClient client = HttpClient.newHttpClient()) {
            Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        listener.accept().close();
                        accepted.incrementAndGet();
                    }
                } catch (IOException closed) {
                    // the test is over
                }
            });
            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(URI.create("http://" + daemon.mirror()
                                    + "/v2/lab/mirrored/manifests/1?ns=127.0.0.1:" + listener.getLocalPort()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(403);
            assertThat(response.body()).contains("DENIED").contains("upstreams");
            assertThat(accepted.get()).isZero();
        }
    }

    private void pullWithContainerd(String round) throws Exception {
        Path home = Files.createDirectory(work.resolve("containerd-" + round));
        try (LabContainerd containerd = LabContainerd.start(home, certs)) {
            containerd.checkCtr("images", "pull", "--hosts-dir", certs.toString(), reference);
            assertThat(containerd.checkCtr("images", "check"))
                    .contains(reference)
                    .contains("complete");
        }
    }

    private List<LabProxy.Seen> layerRequests() {
        return upstream.seen().stream()
                .filter(seen -> seen.method().equals("GET"))
                .filter(seen -> seen.blob().filter(image.layers()::contains).isPresent())
                .toList();
    }
}
