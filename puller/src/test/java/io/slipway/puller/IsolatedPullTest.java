package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.SharingPolicy;
import io.slipway.puller.RegistryException.Code;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Pulls into namespaces that share nothing (`store.sharing_policy = "isolated"`), of one repository that anybody
/// may read and others that only name what is in it.
@Timeout(60)
final class IsolatedPullTest {
    @TempDir
    Path root;

    private final TestImage image = TestImage.of(1, 100_000, 200_000);
    private Vertx vertx;
    private TestRegistry registry;
    private PullerHarness harness;
    private ImageReference theirs;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        registry = new TestRegistry(vertx);
        harness = new PullerHarness(
                vertx,
                root,
                PullerOptions.defaults(List.of(root.resolve("certs.d")), "node-1"),
                null,
                SharingPolicy.ISOLATED);
        theirs = registry.push("theirs/app", "v1", image);
        harness.pull(PullRequest.of("theirs", theirs));
    }

    @AfterEach
    void stop() {
        harness.close();
        registry.close();
        vertx.close().await();
    }

    /// Its manifest names blobs of the other repository; the registry has none of them there.
    private ImageReference named() {
        var named = registry.push("mine/app", "v1", image);
        registry.fault = request -> {
            boolean refused = TestRegistry.path(request).startsWith("/v2/mine/app/blobs/");
            if (refused) {
                request.response().setStatusCode(404).end();
            }
            return refused;
        };
        return named;
    }

    @Test
    void whatItsOwnRepositoryHasIsTakenWithoutItsBytes() throws Exception {
        long before = registry.blobBytes.get();
        harness.pull(PullRequest.of("mine", theirs));
        assertThat(registry.blobBytes.get()).isEqualTo(before);
        assertThat(harness.cas.contents().info("mine", image.layer(0))).isPresent();
    }

    @Test
    void aRepositoryThatIsAskedForTheFirstTimeIsAskedForEachBlob() throws Exception {
        var mirrored = registry.push("mine/app", "v1", image);
        harness.pull(PullRequest.of("mine", mirrored));
        assertThat(registry.count("HEAD", "/v2/mine/app/blobs/" + image.layer(0)))
                .isPositive();
        assertThat(harness.cas.contents().info("mine", image.layer(0))).isPresent();
    }

    @Test
    void namingABlobOfAnotherNamespaceDoesNotGetIt() throws Exception {
        var named = named();
        assertThatThrownBy(() -> harness.pull(PullRequest.of("mine", named)))
                .isInstanceOfSatisfying(
                        RegistryException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_FOUND))
                .hasMessageContaining("what other namespaces have is not shared");
        for (var layer : image.layers()) {
            assertThat(harness.cas.contents().info("mine", TestImage.digest(layer)))
                    .isEmpty();
        }
    }

    @Test
    void whatTheNamespaceSeesIsNotAskedForAgain() throws Exception {
        harness.pull(PullRequest.of("theirs", named()));
        assertThat(registry.count("HEAD", "/v2/mine/app/blobs/")).isZero();
    }
}
