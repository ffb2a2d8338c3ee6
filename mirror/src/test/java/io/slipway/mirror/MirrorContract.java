package io.slipway.mirror;

import static io.slipway.mirror.MirrorHarness.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.mirror.FakeUpstreams.BlobPlan;
import io.slipway.mirror.FakeUpstreams.Gate;
import io.slipway.mirror.WireClient.Download;
import io.slipway.mirror.WireClient.Reply;
import io.slipway.puller.AddressPolicy;
import io.slipway.puller.RegistryException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every client sees of the mirror, whatever protocol it speaks.
abstract class MirrorContract {

    private static final String HOST = "registry.test";
    private static final String REPO = "team/app";
    private static final int TAIL = 64 * 1024;
    private static final byte[] OTHER = random(1_000, 29);
    private static final byte[] MANIFEST = "{\"schemaVersion\":2}".getBytes(StandardCharsets.US_ASCII);

    MirrorHarness harness;
    WireClient client;

    @TempDir
    Path root;

    abstract HttpVersion protocol();

    /// What this suite's server has beyond the harness's options.
    MirrorOptions settings(MirrorOptions options) {
        return options;
    }

    @BeforeEach
    void open() throws Exception {
        harness = new MirrorHarness(root, this::settings);
        client = harness.client(protocol());
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        try {
            await("every request is over").until(() -> harness.mirror().activeRequests() == 0);
            await("every buffer came back").until(() -> harness.mirror().bytesInFlight() == 0);
        } finally {
            harness.close();
        }
    }

    private void restart(UnaryOperator<MirrorOptions> change) throws Exception {
        client.close();
        harness.restart(o -> change.apply(settings(o)));
        client = harness.client(protocol());
    }

    private static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static String manifests(String reference) {
        return "/v2/" + REPO + "/manifests/" + reference + "?ns=" + HOST;
    }

    private static String blobs(Digest digest) {
        return "/v2/" + REPO + "/blobs/" + digest + "?ns=" + HOST;
    }

    private static String code(Reply reply) {
        assertThat(reply.header("Content-Type")).isEqualTo("application/json");
        return new JsonObject(reply.body())
                .getJsonArray("errors")
                .getJsonObject(0)
                .getString("code");
    }

    // ---- the frame

    @Test
    void theBaseSaysThatARegistryIsHere() throws Exception {
        for (String path : List.of("/v2/", "/v2")) {
            Reply reply = client.get(path);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body().toString()).isEqualTo("{}");
            assertThat(reply.header("Docker-Distribution-API-Version")).isEqualTo("registry/2.0");
        }
        assertThat(client.head("/v2/").header("Content-Length")).isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, 404, UNSUPPORTED",
        "GET, /v2/_catalog, 404, UNSUPPORTED",
        "GET, /v2/x/y/z, 404, UNSUPPORTED",
        "GET, /v2/x/../y/manifests/1?ns=registry.test, 404, UNSUPPORTED",
        "GET, /v2/x/manifests/1, 404, NAME_UNKNOWN",
        "GET, /v2/x/blobs/sha256:abc, 404, NAME_UNKNOWN",
        "GET, /v2/X/manifests/1?ns=registry.test, 400, NAME_INVALID",
        "GET, /v2/x/manifests/1?ns=http%3A%2F%2Fy, 400, NAME_INVALID",
        "GET, /v2/x/manifests/.INVALID_MANIFEST_NAME?ns=registry.test, 404, MANIFEST_UNKNOWN",
        "GET, /v2/x/manifests/sha256:totallywrong?ns=registry.test, 404, MANIFEST_UNKNOWN",
        "GET, /v2/x/blobs/sha256:totallywrong?ns=registry.test, 400, DIGEST_INVALID",
        "GET, /v2/x/referrers/sha256:totallywrong?ns=registry.test, 400, DIGEST_INVALID",
        "GET, /v2/x/blobs/uploads/7?ns=registry.test, 404, BLOB_UPLOAD_UNKNOWN",
        "POST, /v2/, 405, UNSUPPORTED",
        "POST, /v2/x/blobs/uploads/, 405, UNSUPPORTED",
        "POST, /v2/x/blobs/uploads/?ns=registry.test, 405, UNSUPPORTED",
        "PUT, /v2/x/manifests/1?ns=registry.test, 405, UNSUPPORTED",
        "DELETE, /v2/x/manifests/1?ns=registry.test, 405, UNSUPPORTED",
        "DELETE, /v2/registry.test/x/tags/list, 405, UNSUPPORTED"
    })
    void refusalsSayWhyInTheRegistrysOwnWords(String method, String path, int status, String code) throws Exception {
        Reply reply = client.send(method, path);
        assertThat(reply.status()).isEqualTo(status);
        assertThat(code(reply)).isEqualTo(code);
        assertThat(reply.header("Allow")).isEqualTo(status == 405 ? "GET, HEAD" : "");
        assertThat(harness.upstreams.accesses).isEmpty();
    }

    @Test
    void aHostThatNobodyAllowedIsRefusedWithoutAskingAnyone() throws Exception {
        Reply reply = client.get("/v2/x/manifests/1?ns=10.0.0.1%3A5000");
        assertThat(reply.status()).isEqualTo(403);
        assertThat(code(reply)).isEqualTo("DENIED");
        assertThat(reply.body().toString()).contains("10.0.0.1:5000").contains("[mirror] upstreams");
        assertThat(harness.upstreams.accesses).isEmpty();
        assertThat(client.get("/v2/10.0.0.1/x/blobs/" + FakeUpstreams.sha256(MANIFEST))
                        .status())
                .isEqualTo(403);
    }

    @Test
    void aHostThatOnlyTheStarAllowsIsAskedAtPublicAddressesOnly() throws Exception {
        restart(o -> o.withUpstreams(List.of("*", HOST)));
        harness.upstreams.putManifest("elsewhere.test", REPO, "1", MANIFEST);
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        assertThat(client.get("/v2/" + REPO + "/manifests/1?ns=elsewhere.test").status())
                .isEqualTo(200);
        assertThat(client.get(manifests("1")).status()).isEqualTo(200);
        assertThat(harness.upstreams.accesses)
                .extracting(a -> a.policy())
                .containsExactly(AddressPolicy.PUBLIC_ONLY, AddressPolicy.ANY);
        assertThat(harness.upstreams.accesses).allMatch(a -> a.credentials().isEmpty());
    }

    @Test
    void ourOwnRequestComingBackIsAMiss() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        for (String via : List.of("1.1 slipway-node-1", "1.1 proxy.example, 1.1 slipway-node-1", "2 Slipway-Node-1")) {
            assertThat(client.get(manifests("1"), "Via", via).status()).isEqualTo(404);
        }
        assertThat(harness.upstreams.accesses).isEmpty();
        assertThat(client.get(manifests("1"), "Via", "1.1 slipway-node-10").status())
                .isEqualTo(200);
    }

    @Test
    void aNameReachesTheSameRepositoryByNamespacePrefixAndDefaultUpstream() throws Exception {
        harness.upstreams.putManifest("docker.io", "library/x", "1", MANIFEST);
        Reply byNamespace = client.get("/v2/library/x/manifests/1?ns=docker.io");
        assertThat(byNamespace.status()).isEqualTo(200);
        assertThat(byNamespace.header("OCI-Namespace")).isEqualTo("docker.io");
        Reply byPrefix = client.get("/v2/docker.io/library/x/manifests/1");
        assertThat(byPrefix.status()).isEqualTo(200);
        assertThat(byPrefix.header("OCI-Namespace")).isEmpty();
        assertThat(client.get("/v2/docker.io/x/manifests/1").status()).isEqualTo(200);
        restart(o -> o.withDefaultUpstream("docker.io"));
        assertThat(client.get("/v2/library/x/manifests/1").status()).isEqualTo(200);
        assertThat(harness.upstreams.manifestGets).hasValue(1);
    }

    // ---- manifests

    @Test
    void aManifestIsServedAsUpstreamServedItAndAskedForOnce() throws Exception {
        Digest digest = harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        for (int i = 0; i < 3; i++) {
            for (String reference : List.of("1", digest.toString())) {
                Reply reply = client.get(manifests(reference));
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.body().getBytes()).isEqualTo(MANIFEST);
                assertThat(reply.header("Content-Type")).isEqualTo(FakeUpstreams.OCI_MANIFEST);
                assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(MANIFEST.length));
                assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
                assertThat(reply.header("ETag")).isEqualTo("\"" + digest + "\"");
                Reply head = client.head(manifests(reference));
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.body().length()).isZero();
                assertThat(head.header("Content-Length")).isEqualTo(Integer.toString(MANIFEST.length));
                assertThat(head.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            }
        }
        assertThat(harness.upstreams.manifestGets).hasValue(1);
        assertThat(harness.upstreams.resolves).hasValue(0);
    }

    @Test
    void aRangeOfAManifestIsIgnored() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        Reply reply = client.get(manifests("1"), "Range", "bytes=0-");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body().getBytes()).isEqualTo(MANIFEST);
    }

    @Test
    void whoHasTheManifestAlreadyGetsNoBody() throws Exception {
        Digest digest = harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        for (String tag : List.of("\"" + digest + "\"", "\"x\", W/\"" + digest + "\"", "*")) {
            Reply reply = client.get(manifests("1"), "If-None-Match", tag);
            assertThat(reply.status()).isEqualTo(304);
            assertThat(reply.body().length()).isZero();
        }
        assertThat(client.get(manifests("1"), "If-None-Match", "\"x\"").status())
                .isEqualTo(200);
    }

    @Test
    void manyWhoAskForATagAtOnceCostOneQuestion() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        harness.upstreams.manifestGate.openTo(0);
        List<Download> downloads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            downloads.add(client.start(HttpMethod.GET, manifests("1")));
        }
        await("all are waiting").until(() -> harness.mirror().activeRequests() == 20);
        harness.upstreams.manifestGate.openTo(1);
        for (Download download : downloads) {
            assertThat(download.await().status()).isEqualTo(200);
        }
        assertThat(harness.upstreams.manifestGets).hasValue(1);
    }

    @Test
    void anOldTagIsConfirmedByOneHead() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        client.get(manifests("1"));
        harness.clock.advance(MirrorLimits.defaults().tagTtl());
        assertThat(client.get(manifests("1")).status()).isEqualTo(200);
        assertThat(client.get(manifests("1")).status()).isEqualTo(200);
        assertThat(harness.upstreams.resolves).hasValue(1);
        assertThat(harness.upstreams.manifestGets).hasValue(1);
    }

    @Test
    void aTagThatMovedIsServedAnewAfterItsTimeToLive() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        client.get(manifests("1"));
        byte[] newer = "{\"schemaVersion\":2, \"new\":1}".getBytes(StandardCharsets.US_ASCII);
        harness.upstreams.putManifest(HOST, REPO, "1", newer);
        assertThat(client.get(manifests("1")).body().getBytes()).isEqualTo(MANIFEST);
        harness.clock.advance(MirrorLimits.defaults().tagTtl());
        assertThat(client.get(manifests("1")).body().getBytes()).isEqualTo(newer);
    }

    @Test
    void aTagThatIsGoneUpstreamIsGoneHere() throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        client.get(manifests("1"));
        harness.upstreams.removeTag(HOST, REPO, "1");
        harness.clock.advance(MirrorLimits.defaults().tagTtl());
        assertThat(client.get(manifests("1")).status()).isEqualTo(404);
        harness.upstreams.outage = Optional.of(RegistryException.Code.UNREACHABLE);
        assertThat(client.get(manifests("1")).status()).isEqualTo(502);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNREACHABLE", "TIMEOUT", "RATE_LIMITED", "BAD_FORMAT"})
    void anOldTagIsServedWhileUpstreamIsAwayAndNotForEver(String outage) throws Exception {
        harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        client.get(manifests("1"));
        harness.upstreams.outage = Optional.of(RegistryException.Code.valueOf(outage));
        harness.clock.advance(MirrorLimits.defaults().tagTtl());
        for (int i = 0; i < 3; i++) {
            assertThat(client.get(manifests("1")).body().getBytes()).isEqualTo(MANIFEST);
        }
        assertThat(harness.upstreams.resolves)
                .as("upstream is left alone for a while")
                .hasValue(1);
        harness.clock.advance(MirrorLimits.defaults().tagStale());
        assertThat(client.get(manifests("1")).status()).isGreaterThanOrEqualTo(500);
    }

    @Test
    void aRestartKeepsTagsAndManifests() throws Exception {
        Digest digest = harness.upstreams.putManifest(HOST, REPO, "1", MANIFEST);
        client.get(manifests("1"));
        harness.upstreams.outage = Optional.of(RegistryException.Code.UNREACHABLE);
        restart(o -> o);
        harness.clock.advance(Duration.ofHours(1));
        Reply reply = client.get(manifests("1"));
        assertThat(reply.body().getBytes()).isEqualTo(MANIFEST);
        assertThat(reply.header("Content-Type")).isEqualTo(FakeUpstreams.OCI_MANIFEST);
        assertThat(client.get(manifests(digest.toString())).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "NOT_FOUND, 404, MANIFEST_UNKNOWN",
        "UNAUTHENTICATED, 404, MANIFEST_UNKNOWN",
        "DENIED, 404, MANIFEST_UNKNOWN",
        "NO_HOST, 404, MANIFEST_UNKNOWN",
        "ADDRESS_REFUSED, 403, DENIED",
        "UNREACHABLE, 502, UNAVAILABLE",
        "BAD_FORMAT, 502, UNAVAILABLE",
        "DIGEST_MISMATCH, 502, UNAVAILABLE",
        "TIMEOUT, 504, UNAVAILABLE",
        "RATE_LIMITED, 503, TOOMANYREQUESTS"
    })
    void whatUpstreamRefusesIsRefusedSoThatTheClientGoesOn(String outage, int status, String code) throws Exception {
        harness.upstreams.outage = Optional.of(RegistryException.Code.valueOf(outage));
        Reply reply = client.get(manifests("1"));
        assertThat(reply.status()).isEqualTo(status);
        assertThat(code(reply)).isEqualTo(code);
        assertThat(client.head(manifests("1")).status()).isEqualTo(status);
    }

    @Test
    void aManifestOfAnotherRepositoryIsNotServedFromTheStore() throws Exception {
        Digest digest = harness.upstreams.putManifest(HOST, "secret/app", "1", MANIFEST);
        assertThat(client.get("/v2/secret/app/manifests/1?ns=" + HOST).status()).isEqualTo(200);
        assertThat(client.get(manifests(digest.toString())).status()).isEqualTo(404);
        assertThat(client.get("/v2/secret/app/manifests/" + digest + "?ns=other.test")
                        .status())
                .isEqualTo(404);
    }

    // ---- blobs

    @ParameterizedTest
    @ValueSource(ints = {0, 1, TAIL, TAIL + 1, 1_000_003})
    void aBlobIsStreamedOnAMissAndServedFromTheStoreAfterwards(int size) throws Exception {
        byte[] bytes = random(size, size);
        Digest digest = harness.upstreams.putBlob(HOST, REPO, bytes);
        for (int i = 0; i < 3; i++) {
            Reply reply = client.get(blobs(digest), "Accept-Encoding", "gzip");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.complete()).isTrue();
            assertThat(reply.body().getBytes()).isEqualTo(bytes);
            assertThat(reply.header("Content-Type")).isEqualTo("application/octet-stream");
            assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(size));
            assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(reply.header("Accept-Ranges")).isEqualTo("bytes");
            assertThat(reply.header("ETag")).isEqualTo("\"" + digest + "\"");
            assertThat(reply.header("Content-Encoding")).isEmpty();
        }
        Reply head = client.head(blobs(digest), "Range", "bytes=0-0");
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Length")).isEqualTo(Integer.toString(size));
        assertThat(client.get(blobs(digest), "If-None-Match", "\"" + digest + "\"")
                        .status())
                .isEqualTo(304);
        assertThat(harness.upstreams.blobFetches).hasValue(1);
        assertThat(harness.upstreams.blobHeads).hasValue(0);
    }

    @Test
    void theHeadersOfAMissTellTheSize() throws Exception {
        Digest digest = harness.upstreams.putBlob(HOST, REPO, random(300_000, 1));
        Reply head = client.head(blobs(digest));
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Length")).isEqualTo("300000");
    }

    @Test
    void aBlobWithoutContentLengthUpstreamIsServedWhenItIsWhole() throws Exception {
        byte[] bytes = random(200_000, 2);
        Digest digest = FakeUpstreams.sha256(bytes);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, false, new Gate(Long.MAX_VALUE)));
        Reply reply = client.get(blobs(digest));
        assertThat(reply.header("Content-Length")).isEqualTo("200000");
        assertThat(reply.body().getBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 206, 0, 500000",
        "bytes=0-0, 206, 0, 1",
        "bytes=100-199, 206, 100, 200",
        "bytes=499999-, 206, 499999, 500000",
        "bytes=-1, 206, 499999, 500000",
        "bytes=-900000, 206, 0, 500000",
        "bytes=400000-900000, 206, 400000, 500000",
        "bytes=500000-, 416, 0, 0",
        "bytes=-0, 416, 0, 0",
        "bytes=9-8, 416, 0, 0",
        "items=0-1, 200, 0, 500000",
        "bytes=x, 200, 0, 500000",
        "'bytes=0-1,5-6', 200, 0, 500000"
    })
    void aRangeIsAnsweredAsTheTableSays(String range, int status, int from, int to) throws Exception {
        byte[] bytes = random(500_000, 3);
        Digest digest = harness.upstreams.putBlob(HOST, REPO, bytes);
        // Once while it arrives, once from the store.
        for (int i = 0; i < 2; i++) {
            Reply reply = client.get(blobs(digest), "Range", range);
            assertThat(reply.status()).isEqualTo(status);
            if (status == 416) {
                assertThat(reply.header("Content-Range")).isEqualTo("bytes */500000");
                assertThat(reply.header("Content-Length"))
                        .isEqualTo(Integer.toString(reply.body().length()));
            } else {
                assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(to - from));
                assertThat(reply.header("Content-Range"))
                        .isEqualTo(status == 206 ? "bytes " + from + "-" + (to - 1) + "/500000" : "");
                assertThat(reply.body()).isEqualTo(Buffer.buffer(bytes).getBuffer(from, to));
            }
            client.get(blobs(digest));
        }
        assertThat(harness.upstreams.blobFetches).hasValue(1);
    }

    @Test
    void ifRangeWithAnotherTagGetsTheWhole() throws Exception {
        Digest digest = harness.upstreams.putBlob(HOST, REPO, random(100_000, 4));
        client.get(blobs(digest));
        assertThat(client.get(blobs(digest), "Range", "bytes=1-2", "If-Range", "\"x\"")
                        .status())
                .isEqualTo(200);
        assertThat(client.get(blobs(digest), "Range", "bytes=1-2", "If-Range", "\"" + digest + "\"")
                        .status())
                .isEqualTo(206);
    }

    /// All of them go on at the same moment: over TLS this is what [StreamWakeup] is for, without it they stand still.
    @Test
    void manyWhoAskForABlobAtOnceShareOneFetchAndFollowIt() throws Exception {
        byte[] bytes = random(1 << 20, 5);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(200_000);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        List<Download> downloads = new ArrayList<>();
        downloads.add(client.start(HttpMethod.GET, blobs(digest)));
        await("the first follows").until(() -> downloads.getFirst().received() == 200_000);
        for (int i = 0; i < 10; i++) {
            downloads.add(client.start(HttpMethod.GET, blobs(digest)));
        }
        for (Download download : downloads) {
            await("every asker has what is there").until(() -> download.received() == 200_000);
        }
        gate.openTo(Long.MAX_VALUE);
        for (Download download : downloads) {
            Reply reply = download.await();
            assertThat(reply.complete()).isTrue();
            assertThat(reply.body().getBytes()).isEqualTo(bytes);
        }
        assertThat(harness.upstreams.blobFetches).hasValue(1);
        assertThat(harness.upstreams.blobHeads).hasValue(0);
    }

    @Test
    void theTailIsHeldBackUntilTheDigestIsVerified() throws Exception {
        byte[] bytes = random(500_000, 6);
        Digest digest = FakeUpstreams.sha256(bytes);
        // Every byte is there, only the end of the body is not seen yet.
        var gate = new Gate(bytes.length);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        Download download = client.start(HttpMethod.GET, blobs(digest));
        await("all but the tail").until(() -> download.received() == bytes.length - TAIL);
        assertThat(download.complete).isNotDone();
        gate.openTo(Long.MAX_VALUE);
        assertThat(download.await().body().getBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, TAIL, TAIL + 1, 500_000})
    void anAlteredBlobNeverCompletesAndLeavesNothing(int size) throws Exception {
        byte[] bytes = random(size, 7);
        Digest digest = FakeUpstreams.sha256(bytes);
        byte[] altered = bytes.clone();
        altered[size / 2] ^= 1;
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(altered));
        Reply reply = client.get(blobs(digest));
        if (size <= TAIL) {
            assertThat(reply.status()).isEqualTo(502);
        } else {
            assertThat(reply.complete()).isFalse();
            assertThat(reply.body().length()).isLessThanOrEqualTo(size - TAIL);
        }
        assertThat(harness.cas.blobs().open(digest)).isEmpty();
    }

    @Test
    void aBlobCutShortUpstreamNeverCompletes() throws Exception {
        byte[] bytes = random(500_000, 8);
        Digest digest = FakeUpstreams.sha256(bytes);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(Arrays.copyOf(bytes, bytes.length - 100_000)));
        Reply reply = client.get(blobs(digest));
        assertThat(reply.status() != 200 || !reply.complete()).isTrue();
    }

    @Test
    void anEarlyRangeIsAnsweredBeforeTheVerdictAndSaysNothingOfTheDigest() throws Exception {
        byte[] bytes = random(500_000, 9);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(200_000);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        Reply early = client.get(blobs(digest), "Range", "bytes=0-99999");
        assertThat(early.status()).isEqualTo(206);
        assertThat(early.complete()).isTrue();
        assertThat(early.body()).isEqualTo(Buffer.buffer(bytes).getBuffer(0, 100_000));
        assertThat(early.header("Docker-Content-Digest")).isEmpty();
        Download whole = client.start(HttpMethod.GET, blobs(digest), "Range", "bytes=0-");
        assertThat(whole.awaitHead().statusCode()).isEqualTo(206);
        gate.openTo(bytes.length);
        await("all but the tail").until(() -> whole.received() == bytes.length - TAIL);
        gate.openTo(Long.MAX_VALUE);
        assertThat(whole.await().body().getBytes()).isEqualTo(bytes);
    }

    @Test
    void withoutEarlyRangesARangeWaitsForTheVerdict() throws Exception {
        restart(o -> o.withEarlyRanges(false));
        byte[] bytes = random(500_000, 10);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(bytes.length);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        Download range = client.start(HttpMethod.GET, blobs(digest), "Range", "bytes=0-199999");
        await("all but the tail").until(() -> range.received() == 200_000 - TAIL);
        gate.openTo(Long.MAX_VALUE);
        assertThat(range.await().body()).isEqualTo(Buffer.buffer(bytes).getBuffer(0, 200_000));
    }

    @Test
    void aFarRangeIsHeldUntilItsBytesExist() throws Exception {
        byte[] bytes = random(500_000, 11);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(100_000);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        Download range = client.start(HttpMethod.GET, blobs(digest), "Range", "bytes=400000-");
        assertThat(range.awaitHead().statusCode()).isEqualTo(206);
        assertThat(range.received()).isZero();
        gate.openTo(Long.MAX_VALUE);
        assertThat(range.await().body()).isEqualTo(Buffer.buffer(bytes).getBuffer(400_000, 500_000));
    }

    @Test
    void aClientThatHangsUpLeavesTheFetchToTheOthers() throws Exception {
        byte[] bytes = random(1 << 20, 12);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(300_000);
        harness.upstreams.putBlob(HOST, REPO, digest, BlobPlan.of(bytes, true, gate));
        Download leaves = client.start(HttpMethod.GET, blobs(digest));
        await("it follows").until(() -> leaves.received() == 300_000);
        Download stays = client.start(HttpMethod.GET, blobs(digest));
        await("it follows").until(() -> stays.received() == 300_000);
        leaves.hangUp();
        await("the mirror noticed").until(() -> harness.mirror().activeRequests() == 1);
        gate.openTo(Long.MAX_VALUE);
        assertThat(stays.await().body().getBytes()).isEqualTo(bytes);
        assertThat(harness.upstreams.blobFetches).hasValue(1);
    }

    @Test
    void aBlobThatIsNotThereIsACleanMiss() throws Exception {
        Reply reply = client.get(blobs(FakeUpstreams.sha256(MANIFEST)));
        assertThat(reply.status()).isEqualTo(404);
        assertThat(code(reply)).isEqualTo("BLOB_UNKNOWN");
        assertThat(client.head(blobs(FakeUpstreams.sha256(MANIFEST))).status()).isEqualTo(404);
    }

    @Test
    void aBlobThatSomebodyElseFetchedIsServedOnlyAfterUpstreamLetsEverybodyReadIt() throws Exception {
        byte[] bytes = random(200_000, 13);
        Digest digest = FakeUpstreams.sha256(bytes);
        store(bytes, Provenance.scoped(HOST, "secret/app", "scope"));
        assertThat(client.get(blobs(digest)).status()).isEqualTo(404);
        assertThat(client.get("/v2/secret/app/blobs/" + digest + "?ns=" + HOST).status())
                .isEqualTo(404);
        assertThat(harness.upstreams.blobHeads).hasValue(2);
        harness.upstreams.putBlob(HOST, REPO, bytes);
        for (int i = 0; i < 3; i++) {
            assertThat(client.get(blobs(digest)).body().getBytes()).isEqualTo(bytes);
        }
        assertThat(harness.upstreams.blobHeads).as("the answer is remembered").hasValue(3);
        assertThat(harness.upstreams.blobFetches).hasValue(0);
        // Another repository is another question, and an outage is not a yes.
        harness.upstreams.outage = Optional.of(RegistryException.Code.UNREACHABLE);
        assertThat(client.get("/v2/third/app/blobs/" + digest + "?ns=" + HOST).status())
                .isEqualTo(502);
        restart(o -> o);
        assertThat(client.get(blobs(digest)).status()).isEqualTo(200);
    }

    @Test
    void aCacheDeclaredPublicIsServedToEverybody() throws Exception {
        restart(o -> o.withPublicCache(true));
        byte[] bytes = random(1000, 14);
        store(bytes, Provenance.scoped(HOST, REPO, "scope"));
        assertThat(client.get(blobs(FakeUpstreams.sha256(bytes))).body().getBytes())
                .isEqualTo(bytes);
        assertThat(harness.upstreams.blobHeads).hasValue(0);
    }

    @Test
    void aPrivateFetchUnderWayIsNotShownToStrangers() throws Exception {
        byte[] bytes = random(500_000, 15);
        Digest digest = FakeUpstreams.sha256(bytes);
        var gate = new Gate(300_000);
        var request = new ArrivalRequest(
                digest, OptionalLong.of(bytes.length), Provenance.scoped(HOST, "secret/app", "scope"), "private pull");
        try (var arrival = harness.cas.blobs().arrive(request, landing -> {
            landing.write(0, ByteBuffer.wrap(bytes, 0, 300_000));
            gate.await(300_000);
            landing.write(300_000, ByteBuffer.wrap(bytes, 300_000, 200_000));
        })) {
            await("bytes landed").until(() -> arrival.available() == 300_000);
            Reply stranger = client.get(blobs(digest));
            assertThat(stranger.status()).isEqualTo(404);
            assertThat(harness.upstreams.blobHeads).hasValue(1);
            gate.openTo(Long.MAX_VALUE);
            arrival.awaitVerified();
        }
        assertThat(client.get(blobs(digest)).status()).isEqualTo(404);
    }

    @Test
    void bytesThatAPrivateFetchLeftAreNotShownToStrangers() throws Exception {
        byte[] bytes = random(500_000, 25);
        Digest digest = FakeUpstreams.sha256(bytes);
        var request = new ArrivalRequest(
                digest, OptionalLong.of(bytes.length), Provenance.scoped(HOST, "secret/app", "scope"), "private pull");
        for (int landed : new int[] {300_000, 500_000}) {
            try (var arrival = harness.cas.blobs().arrive(request, landing -> {
                landing.write(0, ByteBuffer.wrap(bytes, 0, landed));
                throw new IOException("broken off");
            })) {
                assertThat(arrival.await()).isInstanceOf(Verdict.Failed.class);
            }
            assertThat(client.get(blobs(digest)).status()).isEqualTo(404);
        }
        // Whatever the stranger's request made of the bytes, they have not become public.
        assertThat(client.get(blobs(digest)).status()).isEqualTo(404);
    }

    @Test
    void whatAPullBroughtFromAPrivateAddressIsOutsideTheRule() throws Exception {
        restart(o -> o.withUpstreams(List.of("*")));
        harness.upstreams.atPrivateAddresses.add("corp.internal");
        byte[] bytes = random(200_000, 26);
        Digest digest = harness.upstreams.putBlob("corp.internal", REPO, bytes);
        store(bytes, Provenance.publicly("corp.internal", REPO));
        Reply reply = client.get("/v2/" + REPO + "/blobs/" + digest + "?ns=corp.internal");
        assertThat(reply.status()).isEqualTo(403);
        assertThat(code(reply)).isEqualTo("DENIED");

        // The same while it is still arriving.
        byte[] coming = random(200_000, 27);
        Digest arriving = harness.upstreams.putBlob("corp.internal", REPO, coming);
        var gate = new Gate(0);
        var request = new ArrivalRequest(
                arriving, OptionalLong.of(coming.length), Provenance.publicly("corp.internal", REPO), "pull");
        try (var arrival = harness.cas.blobs().arrive(request, landing -> {
            gate.await(0);
            landing.write(0, ByteBuffer.wrap(coming));
        })) {
            assertThat(client.get("/v2/" + REPO + "/blobs/" + arriving + "?ns=corp.internal")
                            .status())
                    .isEqualTo(403);
            gate.openTo(Long.MAX_VALUE);
            arrival.awaitVerified();
        }

        // A public host that has served the mirror itself is served from the store, whether it is there or not.
        harness.upstreams.putManifest("public.test", REPO, "1", MANIFEST);
        store(OTHER, Provenance.publicly("public.test", REPO));
        client.get("/v2/" + REPO + "/manifests/1?ns=public.test");
        harness.upstreams.outage = Optional.of(RegistryException.Code.UNREACHABLE);
        assertThat(client.get("/v2/" + REPO + "/blobs/" + FakeUpstreams.sha256(OTHER) + "?ns=public.test")
                        .status())
                .isEqualTo(200);
    }

    /// A fetch that is refused at one repository must not fail those who ask at another, nor lend them its
    /// bytes.
    @Test
    void whoAsksWhereItIsNotSpoilsNobodysFetch() throws Exception {
        byte[] bytes = random(300_000, 28);
        Digest digest = FakeUpstreams.sha256(bytes);
        harness.upstreams.putBlob(HOST, REPO, bytes);
        List<Download> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(client.start(HttpMethod.GET, "/v2/nowhere/" + i + "/blobs/" + digest + "?ns=" + HOST));
            all.add(client.start(HttpMethod.GET, blobs(digest)));
        }
        for (int i = 0; i < all.size(); i++) {
            Reply reply = all.get(i).await();
            assertThat(reply.status()).as("asker %s", i).isEqualTo(i % 2 == 0 ? 404 : 200);
            if (i % 2 == 1) {
                assertThat(reply.body().getBytes()).isEqualTo(bytes);
            }
        }
    }

    private void store(byte[] bytes, Provenance provenance) throws Exception {
        Digest digest = FakeUpstreams.sha256(bytes);
        var request = new ArrivalRequest(digest, OptionalLong.of(bytes.length), provenance, "test");
        try (var arrival = harness.cas.blobs().arriveWith(request, ByteBuffer.wrap(bytes))) {
            arrival.awaitVerified();
            harness.cas.contents().link("default", digest, Map.of("containerd.io/gc.root", "1"), Optional.empty());
        }
    }

    // ---- counting

    @Test
    void everyAnswerIsCountedOnce() throws Exception {
        byte[] bytes = random(200_000, 16);
        Digest digest = harness.upstreams.putBlob(HOST, REPO, bytes);
        client.get("/v2/");
        client.get(blobs(digest));
        client.get(blobs(digest));
        await("three answers").until(() -> harness.answers.size() == 3);
        assertThat(harness.answers)
                .extracting(a -> a.kind(), a -> a.status(), a -> a.source(), a -> a.bodyBytes(), a -> a.complete())
                .containsExactly(
                        Tuple.tuple(MirrorMetrics.Kind.BASE, 200, MirrorMetrics.Source.NONE, 2L, true),
                        Tuple.tuple(MirrorMetrics.Kind.BLOB, 200, MirrorMetrics.Source.MISS, 200_000L, true),
                        Tuple.tuple(MirrorMetrics.Kind.BLOB, 200, MirrorMetrics.Source.HIT, 200_000L, true));
    }
}
