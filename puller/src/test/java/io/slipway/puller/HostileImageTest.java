package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.slipway.cas.filter.Filter;
import io.slipway.puller.RegistryException.Code;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows 46, 47 and 49 of the corpus of hostile images, as far as the manifest and the configuration decide.
final class HostileImageTest {
    @TempDir
    Path root;

    private Vertx vertx;
    private TestRegistry registry;
    private PullerHarness harness;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        registry = new TestRegistry(vertx);
        harness = new PullerHarness(vertx, root);
    }

    @AfterEach
    void stop() {
        harness.close();
        registry.close();
        vertx.close().await();
    }

    /// The image with another text in its manifest.
    private ImageReference push(TestImage image, String old, String other) {
        String manifest = new String(image.manifest(), StandardCharsets.UTF_8);
        assertThat(manifest).contains(old);
        return registry.push(
                "a",
                "1",
                new TestImage(
                        manifest.replace(old, other).getBytes(StandardCharsets.UTF_8), image.config(), image.layers()));
    }

    private void nothingIsRecorded(ImageReference reference) throws Exception {
        assertThat(harness.cas.images().get("default", reference.name())).isEmpty();
        assertThat(harness.cas.leases().list("default", Filter.parse(List.of())))
                .isEmpty();
        assertThat(harness.unpacker.started).hasValue(0);
    }

    @Test
    void moreLayersThanDiffIdsAreRefusedWithBothNumbers() throws Exception {
        TestImage one = TestImage.of(1, 1000);
        TestImage two = TestImage.of(1, 1000, 2000);
        // The configuration of the image with one layer.
        ImageReference reference = push(
                two,
                TestImage.descriptor("application/vnd.oci.image.config.v1+json", two.config()),
                TestImage.descriptor("application/vnd.oci.image.config.v1+json", one.config()));
        registry.blob(one.config());
        assertThatThrownBy(() -> harness.pull(reference))
                .isInstanceOfSatisfying(
                        RegistryException.class, e -> assertThat(e.code()).isEqualTo(Code.BAD_FORMAT))
                .hasMessageContaining("the config names 1 layers, the manifest 2");
        nothingIsRecorded(reference);
    }

    /// The layer comes from the registry or not at all: who builds an image does not choose whom a node talks to.
    @Test
    void aForeignHostThatALayerNamesIsNeverAsked() throws Exception {
        TestImage image = TestImage.of(2, 1000);
        String layer = TestImage.descriptor(
                "application/vnd.oci.image.layer.v1.tar", image.layers().getFirst());
        try (TestRegistry foreign = new TestRegistry(vertx)) {
            foreign.blob(image.layers().getFirst());
            String urls = layer.replace(
                    "}", ",\"urls\":[\"http://" + foreign.host() + "/v2/a/blobs/" + image.layer(0) + "\"]}");
            ImageReference reference = push(image, layer, urls);
            PullRequest request = PullRequest.of("default", reference)
                    .with(Access.anonymous().with(CredentialSource.always(new Credential.Basic("u", "p"))));
            registry.fault =
                    asked -> TestRegistry.path(asked).endsWith(image.layer(0).toString()) && answer404(asked);
            Throwable failure = catchThrowable(() -> harness.pull(request));
            assertThat(failure).hasMessageContaining(image.layer(0).toString());
            assertThat(foreign.seen).isEmpty();
            registry.fault = _ -> false;
            harness.pull(request);
            assertThat(harness.stored(image.layer(0))).isTrue();
            assertThat(foreign.seen).isEmpty();
        }
    }

    private static boolean answer404(io.vertx.core.http.HttpServerRequest request) {
        request.response().setStatusCode(404).end();
        return true;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sha256:../../../../../../tmp/x",
                "sha256:..%2f..%2fx",
                "../../x",
                "/etc/passwd",
                "md5:d41d8cd98f00b204e9800998ecf8427e",
                "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/",
                ":",
                ""
            })
    void noDigestIsAPath(String digest) throws Exception {
        TestImage image = TestImage.of(3, 1000);
        ImageReference reference = push(image, image.layer(0).toString(), digest);
        List<Path> before = files();
        assertThatThrownBy(() -> harness.pull(reference))
                .isInstanceOfSatisfying(
                        RegistryException.class, e -> assertThat(e.code()).isEqualTo(Code.BAD_FORMAT))
                .hasMessageContaining("digest");
        nothingIsRecorded(reference);
        assertThat(files()).isEqualTo(before);
        assertThat(registry.seen).noneMatch(seen -> seen.path().contains("/blobs/"));
    }

    /// Blobs and what arrives: before any of it is a path, a digest is checked.
    private List<Path> files() throws Exception {
        try (Stream<Path> all = Files.walk(root.resolve("store/content"))) {
            return all.filter(path -> !path.getFileName().toString().startsWith("index.json"))
                    .toList();
        }
    }
}
