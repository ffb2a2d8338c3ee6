package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.ApiException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's docker-registry on loopback: plain and TLS, open and with a password.
@Tag("peer")
@Timeout(180)
class RealRegistryTest {
    private static final int MIB = 1 << 20;
    /// bcrypt of "geheim".
    private static final String HTPASSWD = "u:$2b$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu\n";

    @TempDir
    Path root;

    private Vertx vertx;
    private PullerHarness harness;
    private @org.jspecify.annotations.Nullable Process server;
    private int port;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        harness = new PullerHarness(vertx, root);
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
    }

    @AfterEach
    void stop() throws Exception {
        harness.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        Process running = server;
        if (running != null) {
            running.destroy();
            assertThat(running.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void serve(boolean tls, boolean password) throws Exception {
        String config =
                "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage:\n  filesystem: {rootdirectory: "
                        + root.resolve("registry") + "}\nhttp:\n  addr: 127.0.0.1:" + port + "\n  secret: x\n";
        if (tls) {
            run(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=lab",
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                    "-keyout",
                    root + "/key.pem",
                    "-out",
                    root + "/cert.pem");
            config += "  tls: {certificate: " + root.resolve("cert.pem") + ", key: " + root.resolve("key.pem") + "}\n";
        }
        if (password) {
            Files.writeString(root.resolve("htpasswd"), HTPASSWD);
            config += "auth:\n  htpasswd: {realm: lab, path: " + root.resolve("htpasswd") + "}\n";
        }
        Path file = Files.writeString(root.resolve("registry.yml"), config);
        server = new ProcessBuilder("docker-registry", "serve", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("registry.log").toFile())
                .start();
        await("docker-registry answers").atMost(Duration.ofSeconds(20)).until(() -> {
            try {
                return http(tls, "GET", "/v2/", new byte[0], "").statusCode() < 500;
            } catch (IOException e) {
                return false;
            }
        });
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor()).as(command[0]).isZero();
    }

    private HttpResponse<byte[]> http(boolean tls, String method, String path, byte[] body, String type)
            throws Exception {
        TrustManager any = new X509ExtendedTrustManager() {
            @Override
            public void checkClientTrusted(java.security.cert.X509Certificate[] c, String a, java.net.Socket s) {}

            @Override
            public void checkServerTrusted(java.security.cert.X509Certificate[] c, String a, java.net.Socket s) {}

            @Override
            public void checkClientTrusted(
                    java.security.cert.X509Certificate[] c, String a, javax.net.ssl.SSLEngine e) {}

            @Override
            public void checkServerTrusted(
                    java.security.cert.X509Certificate[] c, String a, javax.net.ssl.SSLEngine e) {}

            @Override
            public void checkClientTrusted(java.security.cert.X509Certificate[] c, String a) {}

            @Override
            public void checkServerTrusted(java.security.cert.X509Certificate[] c, String a) {}

            @Override
            public java.security.cert.X509Certificate[] getAcceptedIssuers() {
                return new java.security.cert.X509Certificate[0];
            }
        };
        SSLContext trusting = SSLContext.getInstance("TLS");
        trusting.init(null, new TrustManager[] {any}, new SecureRandom());
        try (HttpClient client = HttpClient.newBuilder().sslContext(trusting).build()) {
            String url = path.startsWith("http") ? path : (tls ? "https" : "http") + "://127.0.0.1:" + port + path;
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                    .method(method, BodyPublishers.ofByteArray(body))
                    .header(
                            "Authorization",
                            "Basic " + Base64.getEncoder().encodeToString("u:geheim".getBytes(StandardCharsets.UTF_8)));
            if (!type.isEmpty()) {
                request.header("Content-Type", type);
            }
            return client.send(request.build(), BodyHandlers.ofByteArray());
        }
    }

    private ImageReference push(boolean tls, String repository, TestImage image) throws Exception {
        List<byte[]> blobs = new java.util.ArrayList<>(image.layers());
        blobs.add(image.config());
        for (byte[] blob : blobs) {
            String location = http(tls, "POST", "/v2/" + repository + "/blobs/uploads/", new byte[0], "")
                    .headers()
                    .firstValue("Location")
                    .orElseThrow();
            assertThat(http(
                                    tls,
                                    "PUT",
                                    location + "&digest=" + TestImage.digest(blob),
                                    blob,
                                    "application/octet-stream")
                            .statusCode())
                    .isEqualTo(201);
        }
        assertThat(http(tls, "PUT", "/v2/" + repository + "/manifests/1", image.manifest(), TestImage.MANIFEST_TYPE)
                        .statusCode())
                .isEqualTo(201);
        return ImageReference.parse("127.0.0.1:" + port + "/" + repository + ":1");
    }

    @Test
    void pullsOverPlainHttp() throws Exception {
        serve(false, false);
        TestImage image = TestImage.of(1, 40 * MIB, 3 * MIB, 1000);
        ImageReference reference = push(false, "a/b", image);
        assertThat(harness.pull(reference).target().digest()).isEqualTo(image.id());
        assertThat(harness.stored(image.layer(0))).isTrue();
        assertThat(catchThrowable(() -> harness.pull(ImageReference.parse(reference.name() + "x"))))
                .isInstanceOfSatisfying(
                        RegistryException.class,
                        e -> assertThat(e.toApi().code()).isEqualTo(ApiException.Code.NOT_FOUND));
    }

    @Test
    void pullsOverTlsAndHttp2WithAPassword() throws Exception {
        serve(true, true);
        TestImage image = TestImage.of(2, 40 * MIB, 3 * MIB);
        ImageReference reference = push(true, "a", image);
        Throwable anonymous = catchThrowable(() -> harness.pull(reference));
        assertThat(anonymous)
                .isInstanceOfSatisfying(
                        RegistryException.class,
                        e -> assertThat(e.toApi().code()).isEqualTo(ApiException.Code.UNAUTHENTICATED));
        PullRequest request = PullRequest.of("default", reference)
                .with(Access.anonymous().with(CredentialSource.always(new Credential.Basic("u", "geheim"))));
        assertThat(harness.pull(request).target().digest()).isEqualTo(image.id());
    }

    @Test
    void theConfiguredAuthorityIsWhatIsTrusted() throws Exception {
        serve(true, false);
        TestImage image = TestImage.of(3, 1000);
        ImageReference reference = push(true, "a", image);
        Path dir = Files.createDirectories(root.resolve("certs.d/127.0.0.1_" + port + "_"));
        Files.writeString(dir.resolve("hosts.toml"), "server = \"https://127.0.0.1:" + port + "\"\n");
        assertThat(catchThrowable(() -> harness.pull(reference)))
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("certificate not trusted");
        Files.copy(root.resolve("cert.pem"), dir.resolve("ca.pem"));
        Files.writeString(dir.resolve("hosts.toml"), "server = \"https://127.0.0.1:" + port + "\"\nca = \"ca.pem\"\n");
        assertThat(harness.pull(reference).target().digest()).isEqualTo(image.id());
    }

    @Test
    void loopbackToStoreSpeed() throws Exception {
        serve(false, false);
        for (int round = 0; round < 4; round++) {
            TestImage image = TestImage.of(100 + round, 96 * MIB);
            ImageReference reference = push(false, "speed" + round, image);
            long started = System.nanoTime();
            harness.pull(new PullRequest(
                    "default",
                    reference,
                    reference.name(),
                    java.util.Map.of(),
                    List.of(),
                    List.of(),
                    java.util.Optional.empty(),
                    Access.anonymous(),
                    PullRequest.Route.plainHttp()));
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
            System.out.println("loopback registry to store: 96 MiB in " + millis + " ms, "
                    + 96L * MIB / 1000 / Math.max(1, millis) + " MB/s");
            assertThat(harness.stored(image.layer(0))).isTrue();
        }
    }
}
