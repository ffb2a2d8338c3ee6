package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabImage.Compression;
import io.slipway.daemon.lab.LabImage.Format;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.LabRegistry.Altered;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// One byte of a blob is another one upstream, its length is right: a pull fails naming the digest, nothing of it is in
/// the store, and no client of the mirror ever has the whole of it. Once upstream is mended, all is well again.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AlteredBlobTest {
    /// Fetched in several ranges over several connections, and streamed by the mirror while it lands.
    private static final int LARGE_BYTES = 24 << 20;

    /// curl(1): the server closed before the announced length.
    private static final int CURL_PARTIAL_FILE = 18;

    /// curl(1): an HTTP/2 stream was not closed cleanly.
    private static final int CURL_HTTP2_STREAM = 92;

    private Path work;
    private LabRegistry registry;
    private LabImage small;
    private LabImage large;

    /// Which byte of which blob.
    enum Where {
        CONFIG(0),
        SMALL_LAYER_MIDDLE(1000),
        LARGE_LAYER_FIRST_BYTE(0),
        LARGE_LAYER_MIDDLE(LARGE_BYTES / 2),
        LARGE_LAYER_LAST_BYTE(-1);

        private final long offset;

        Where(long offset) {
            this.offset = offset;
        }
    }

    private record Case(String repository, LabImage image, String digest) {
        String reference(LabRegistry registry) {
            return registry.host() + "/" + repository + ":" + image.tag();
        }
    }

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        work = temporary;
        registry = LabRegistry.start(work);
        small = LabImage.build(work.resolve("small"), Format.OCI, Compression.ZSTD, false);
        large = LabImage.large(work.resolve("large"), LARGE_BYTES);
        registry.push(small, "lab/small");
        registry.push(large, "lab/large");
    }

    @AfterAll
    void stop() {
        registry.close();
    }

    private Case of(Where where) {
        return switch (where) {
            case CONFIG -> new Case("lab/small", small, small.config());
            case SMALL_LAYER_MIDDLE ->
                new Case("lab/small", small, small.layers().getFirst());
            case LARGE_LAYER_FIRST_BYTE, LARGE_LAYER_MIDDLE, LARGE_LAYER_LAST_BYTE ->
                new Case("lab/large", large, large.layers().getLast());
        };
    }

    @ParameterizedTest
    @EnumSource
    void nobodyGetsItWholeAndNothingIsKept(Where where) throws Exception {
        Case altered = of(where);
        String reference = altered.reference(registry);
        Path home = work.resolve("slipway-" + where);
        Path config = Files.writeString(
                Files.createDirectories(home).resolve("slipway.toml"),
                "version = 3\n[mirror]\nupstreams = [\"" + registry.host() + "\"]\n");
        try (PackagedDaemon daemon = PackagedDaemon.start(home, "--config", config.toString())) {
            String url = "http://" + daemon.mirror() + "/v2/" + altered.repository() + "/blobs/" + altered.digest()
                    + "?ns=" + registry.host();
            long size = Files.size(registry.blobFile(altered.digest()));
            try (Altered _ = registry.alter(altered.digest(), where.offset)) {
                assertPullFails(daemon, altered, reference);
                assertNothingOfIt(daemon, altered.digest());
                assertCutOff(url, "--http1.1", CURL_PARTIAL_FILE, "", size);
                assertCutOff(url, "--http2-prior-knowledge", CURL_HTTP2_STREAM, "INTERNAL_ERROR", size);
                assertNothingOfIt(daemon, altered.digest());
            }
            for (String protocol : List.of("--http1.1", "--http2-prior-knowledge")) {
                Path body = home.resolve("good" + protocol);
                LabProcess.check("curl", "-sSf", "--max-time", "60", protocol, "-o", body.toString(), url);
                assertThat(body).hasSameBinaryContentAs(registry.blobFile(altered.digest()));
            }
            daemon.checkSlipway("pull", reference);
            assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
        }
    }

    private static void assertPullFails(PackagedDaemon daemon, Case altered, String reference) throws Exception {
        LabProcess.Result result = daemon.slipway("pull", reference);
        assertThat(result.exit()).as(result.output()).isEqualTo(6);
        assertThat(result.stderr().lines().filter(line -> line.startsWith("slipway: ")))
                .as("one line on standard error: " + result.stderr())
                .singleElement()
                .asString()
                .contains(altered.digest());
        assertThat(daemon.checkSlipway("images")).doesNotContain(altered.repository());
    }

    /// What the client has is no answer with status 200 and a body of the announced length.
    private void assertCutOff(String url, String protocol, int exit, String said, long size) throws Exception {
        Path body = Files.createTempFile(work, "body", protocol);
        LabProcess.Result result = LabProcess.run(
                Map.of(),
                List.of(
                        "curl",
                        "-sS",
                        "--max-time",
                        "60",
                        protocol,
                        "-w",
                        "%{http_code} %header{content-length}",
                        "-o",
                        body.toString(),
                        url));
        if (result.stdout().startsWith("200 ")) {
            assertThat(result.stdout()).isEqualTo("200 " + size);
            assertThat(result.exit())
                    .as("curl %s: %s", protocol, result.output())
                    .isEqualTo(exit);
            assertThat(result.stderr()).contains(said);
            assertThat(body).satisfies(file -> assertThat(Files.size(file)).isLessThan(size));
        } else {
            // Small enough to be verified before the first byte: refused outright.
            assertThat(size)
                    .as("only a small one may be refused: " + result.output())
                    .isLessThan(64 << 10);
            assertThat(result.stdout()).startsWith("502 ");
            assertThat(body)
                    .content()
                    .contains("errors")
                    .contains(url.substring(url.indexOf("sha256:"), url.indexOf('?')));
        }
    }

    private static void assertNothingOfIt(PackagedDaemon daemon, String digest) {
        assertThat(daemon.holds(digest)).isFalse();
        Awaitility.await("other layers have landed")
                .untilAsserted(() -> assertThat(daemon.ingests()).isEmpty());
    }
}
