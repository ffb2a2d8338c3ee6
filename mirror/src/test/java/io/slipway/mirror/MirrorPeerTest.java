package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.Arrival;
import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.linux.Hashers;
import io.slipway.puller.Puller;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.PullerOptions;
import io.slipway.puller.Unpacker;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// skopeo copies an image through the mirror from a docker-registry, cold, warm, and with the registry gone.
@Tag("peer")
class MirrorPeerTest {

    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final String REPOSITORY = "team/app";

    @TempDir
    Path root;

    private final Vertx vertx = Vertx.vertx();
    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    private final Set<String> blobs = new TreeSet<>();
    private String registry;
    private Process registryProcess;
    private Cas cas;
    private Puller puller;
    private Mirror mirror;

    @BeforeEach
    void start() throws Exception {
        registry = "127.0.0.1:" + freePort();
        Path config =
                Files.writeString(root.resolve("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: %s}
                """.formatted(root.resolve("registry"), registry));
        registryProcess = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("registry.log").toFile())
                .start();
        await("the registry answers").until(this::registryAnswers);
        push();
        cas = Cas.open(CasOptions.of(Files.createDirectory(root.resolve("node")), bytes, Hashers.best()));
        puller = Puller.open(
                vertx, cas, new NoUnpacker(), PullerOptions.defaults(List.of(), "node-1"), PullerObserver.NONE);
        mirror = Mirror.start(
                vertx,
                cas,
                puller.upstreams(),
                MirrorOptions.of(List.of("127.0.0.1:0"), "node-1")
                        .withUpstreams(List.of(registry))
                        .withDefaultUpstream(registry));
    }

    @AfterEach
    void stop() throws Exception {
        mirror.stop();
        puller.close();
        cas.close();
        bytes.shutdown();
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        registryProcess.destroy();
        registryProcess.waitFor(10, TimeUnit.SECONDS);
    }

    @Test
    void skopeoCopiesColdWarmAndWithoutTheRegistry() throws Exception {
        for (String run : List.of("cold", "warm", "offline")) {
            if (run.equals("offline")) {
                registryProcess.destroy();
                assertThat(registryProcess.waitFor(10, TimeUnit.SECONDS)).isTrue();
            }
            Path target = root.resolve(run);
            // The dir transport keeps every byte as it came.
            skopeo(
                    "copy",
                    "--src-tls-verify=false",
                    "docker://" + address() + "/" + REPOSITORY + ":1",
                    "dir:" + target);
            assertThat(digests(target)).as(run).isEqualTo(blobs);
        }
        for (String blob : blobs) {
            assertThat(cas.cacheIndex().contains(Digest.parse("sha256:" + blob)))
                    .as(blob)
                    .isTrue();
        }
    }

    private static Set<String> digests(Path directory) throws IOException {
        Set<String> digests = new TreeSet<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                if (!file.endsWith("version")) {
                    digests.add(FakeUpstreams.sha256(Files.readAllBytes(file)).hex());
                }
            }
        }
        return digests;
    }

    private String address() {
        return mirror.addresses().getFirst();
    }

    private void skopeo(String... arguments) throws IOException, InterruptedException {
        var command = Stream.concat(
                        Stream.of("skopeo", "--insecure-policy", "--registries-conf", emptyConf()),
                        Stream.of(arguments))
                .toList();
        Path log = root.resolve("skopeo.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    private String emptyConf() throws IOException {
        return Files.writeString(root.resolve("registries.conf"), "").toString();
    }

    private void push() throws IOException, InterruptedException {
        byte[] layer = new byte[3_000_000];
        new Random(7).nextBytes(layer);
        byte[] config = new JsonObject()
                .put("architecture", "amd64")
                .put("os", "linux")
                .put(
                        "rootfs",
                        new JsonObject()
                                .put("type", "layers")
                                .put(
                                        "diff_ids",
                                        new JsonArray()
                                                .add(FakeUpstreams.sha256(layer).toString())))
                .toBuffer()
                .getBytes();
        byte[] manifest = new JsonObject()
                .put("schemaVersion", 2)
                .put("mediaType", FakeUpstreams.OCI_MANIFEST)
                .put("config", descriptor(CONFIG, config))
                .put("layers", new JsonArray().add(descriptor(LAYER, layer)))
                .toBuffer()
                .getBytes();
        try (HttpClient http = HttpClient.newHttpClient()) {
            upload(http, layer);
            upload(http, config);
            send(
                    http,
                    HttpRequest.newBuilder(uri("/v2/" + REPOSITORY + "/manifests/1"))
                            .header("Content-Type", FakeUpstreams.OCI_MANIFEST)
                            .PUT(BodyPublishers.ofByteArray(manifest)));
        }
        blobs.add(FakeUpstreams.sha256(manifest).hex());
    }

    private JsonObject descriptor(String mediaType, byte[] content) {
        Digest digest = FakeUpstreams.sha256(content);
        blobs.add(digest.hex());
        return new JsonObject()
                .put("mediaType", mediaType)
                .put("digest", digest.toString())
                .put("size", content.length);
    }

    private void upload(HttpClient http, byte[] content) throws IOException, InterruptedException {
        String location = send(
                http,
                HttpRequest.newBuilder(uri("/v2/" + REPOSITORY + "/blobs/uploads/"))
                        .POST(BodyPublishers.noBody()));
        send(
                http,
                HttpRequest.newBuilder(URI.create(location + "&digest=" + FakeUpstreams.sha256(content)))
                        .PUT(BodyPublishers.ofByteArray(content)));
    }

    private static String send(HttpClient http, HttpRequest.Builder request) throws IOException, InterruptedException {
        var response = http.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
        assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
        return response.headers().firstValue("Location").orElse("");
    }

    private URI uri(String path) {
        return URI.create("http://" + registry + path);
    }

    private boolean registryAnswers() throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(uri("/v2/")).build(), BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (ConnectException e) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    /// The mirror unpacks nothing.
    private static final class NoUnpacker implements Unpacker {
        @Override
        public Unpacking unpack(
                String namespace,
                String snapshotter,
                List<Layer> layersBottomFirst,
                UnpackListener listener,
                Optional<String> lease) {
            layersBottomFirst.stream().map(Layer::arrival).forEach(Arrival::close);
            throw new IllegalStateException("the mirror unpacks nothing");
        }

        @Override
        public boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) {
            return false;
        }

        @Override
        public String defaultSnapshotter() {
            return "none";
        }

        @Override
        public List<String> snapshotters() {
            return List.of();
        }
    }
}
