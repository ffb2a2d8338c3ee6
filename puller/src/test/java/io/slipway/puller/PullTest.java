package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.puller.PullListener.Event;
import io.slipway.puller.PullListener.State;
import io.slipway.puller.RegistryException.Code;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SelfSignedCertificate;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PullTest {
    private static final int MIB = 1 << 20;
    /// What one request for a part of a large blob asks for.
    private static final long PIECE = 16 * MIB;

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
        await("blocks are given back")
                .untilAsserted(() -> assertThat(harness.puller.blocksInUse()).isZero());
        harness.close();
        registry.close();
        vertx.close().await();
    }

    private static Code code(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof RegistryException known) {
                return known.code();
            }
        }
        throw new AssertionError("no RegistryException in", failure);
    }

    private static ApiException.Code apiCode(Throwable failure) {
        return switch (failure) {
            case RegistryException e -> e.toApi().code();
            case ApiException e -> e.code();
            default -> throw new AssertionError(failure);
        };
    }

    @Test
    void pullsLabelsUnpacksAndRecords() throws Exception {
        TestImage image = TestImage.of(1, 100_000, 3 * MIB, 20 * MIB);
        ImageReference reference = registry.push("team/app", "v1", image);
        PulledImage pulled = harness.pull(reference);

        assertThat(pulled.target().digest()).isEqualTo(image.id());
        assertThat(pulled.manifests())
                .singleElement()
                .satisfies(m -> assertThat(m.chainId()).contains(image.layer(2)));
        assertThat(harness.cas.images().get("default", reference.name()))
                .hasValueSatisfying(
                        record -> assertThat(record.target().digest()).isEqualTo(image.id()));
        var labels =
                harness.cas.contents().info("default", image.id()).orElseThrow().labels();
        assertThat(labels)
                .containsEntry(
                        "containerd.io/gc.ref.content.config",
                        TestImage.digest(image.config()).toString())
                .containsEntry(
                        "containerd.io/gc.ref.content.l.0", image.layer(0).toString())
                .containsEntry(
                        "containerd.io/gc.ref.content.l.2", image.layer(2).toString())
                .containsEntry("containerd.io/distribution.source." + registry.host(), "team/app");
        assertThat(harness.cas
                        .contents()
                        .info("default", TestImage.digest(image.config()))
                        .orElseThrow()
                        .labels())
                .containsKey("containerd.io/gc.ref.snapshot.test");
        assertThat(harness.cas.contents().provenance(image.layer(1)))
                .containsExactly(Provenance.publicly(registry.host(), "team/app"));
        assertThat(harness.cas.leases().list("default", io.slipway.cas.filter.Filter.parse(List.of())))
                .isEmpty();
        assertThat(registry.seen)
                .allSatisfy(seen -> assertThat(seen.header("Via")).isEqualTo("1.1 slipway-node-1"));
        assertAskedOnce("blobs/" + TestImage.digest(image.config()));
        assertAskedOnce("blobs/" + image.layer(0));
        assertAskedOnce("blobs/" + image.layer(1));
        assertAskedInPieces("blobs/" + image.layer(2), 20 * MIB);
        assertThat(harness.events).first().isInstanceOf(Event.Resolving.class);
        assertThat(harness.events).last().isInstanceOf(Event.Completed.class);
        assertThat(harness.events.stream()
                        .filter(e -> e instanceof Event.Progress(var item) && item.state() == State.DONE))
                .isNotEmpty();
    }

    private void assertAskedOnce(String blob) {
        assertThat(registry.seen.stream().filter(s -> s.path().endsWith(blob)))
                .as("requests for " + blob)
                .singleElement()
                .satisfies(s -> assertThat(s.header("range")).isEmpty());
    }

    /// The beginning of every piece is asked for once, and no request goes beyond its piece. What may be
    /// asked for again is the end of a piece that was crawling: a connection with nothing left to do takes
    /// half of it over. On a machine with too much to do that happens, rightly, on loopback too; so bytes
    /// are not counted here.
    private void assertAskedInPieces(String blob, long sizeBytes) {
        List<long[]> asked = registry.seen.stream()
                .filter(s -> s.path().endsWith(blob))
                .map(s -> s.header("range").replace("bytes=", "").split("-", -1))
                .map(ends -> new long[] {Long.parseLong(ends[0]), Long.parseLong(ends[1])})
                .toList();
        assertThat(asked).allSatisfy(range -> assertThat(range[0] / PIECE).isEqualTo(range[1] / PIECE));
        assertThat(asked.stream().map(range -> range[0]).filter(from -> from % PIECE == 0))
                .containsExactlyInAnyOrderElementsOf(LongStream.range(0, Math.ceilDiv(sizeBytes, PIECE))
                        .mapToObj(piece -> piece * PIECE)
                        .toList());
    }

    @Test
    void aSecondPullAsksOnlyForTheName() throws Exception {
        TestImage image = TestImage.of(2, 1000, 2000);
        ImageReference reference = registry.push("a", "1", image);
        harness.pull(reference);
        registry.seen.clear();
        harness.pull(reference);
        assertThat(registry.seen)
                .singleElement()
                .satisfies(s -> assertThat(s.method()).isEqualTo("HEAD"));
        assertThat(harness.unpacker.started).hasValue(1);
    }

    @Test
    void concurrentPullsShareEveryByte() throws Exception {
        TestImage image = TestImage.of(3, 5 * MIB, 5 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        var failures = new java.util.concurrent.CopyOnWriteArrayList<Throwable>();
        List<Thread> pulls = java.util.stream.IntStream.range(0, 5)
                .mapToObj(i -> Thread.ofVirtual().start(() -> {
                    try {
                        harness.puller.images().pull(PullRequest.of("ns" + i, reference), PullListener.NONE);
                    } catch (Exception e) {
                        failures.add(e);
                    }
                }))
                .toList();
        for (Thread pull : pulls) {
            pull.join();
        }
        assertThat(failures).isEmpty();
        assertThat(registry.blobBytes.get()).isEqualTo(image.config().length + 10L * MIB);
    }

    @Test
    void choosesThePlatformOfAnIndex() throws Exception {
        TestImage image = TestImage.of(4, 1000);
        TestImage other = TestImage.of(5, 1000);
        registry.push("a", "x", image);
        byte[] index = ("{\"schemaVersion\":2,\"manifests\":["
                        + TestImage.descriptor(TestImage.MANIFEST_TYPE, other.manifest())
                                .replaceFirst("}$", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}}")
                        + ","
                        + TestImage.descriptor(TestImage.MANIFEST_TYPE, image.manifest())
                                .replaceFirst(
                                        "}$",
                                        ",\"platform\":{\"os\":\"linux\",\"architecture\":\""
                                                + Platform.host().architecture() + "\"}}")
                        + "]}")
                .getBytes(StandardCharsets.UTF_8);
        registry.manifest("a", "multi", index, TestImage.INDEX_TYPE);
        ImageReference reference = ImageReference.parse(registry.host() + "/a:multi");
        PulledImage pulled = harness.pull(reference);
        assertThat(pulled.target().mediaType()).isEqualTo(TestImage.INDEX_TYPE);
        assertThat(pulled.manifests().getFirst().descriptor().digest()).isEqualTo(image.id());
        assertThat(harness.cas
                        .contents()
                        .info("default", TestImage.digest(index))
                        .orElseThrow()
                        .labels())
                .containsEntry("containerd.io/gc.ref.content.m.0", other.id().toString())
                .containsEntry("containerd.io/gc.ref.content.m.1", image.id().toString());
        PullRequest arm = new PullRequest(
                "default",
                reference,
                "x",
                Map.of(),
                List.of(Platform.parse("linux/riscv64")),
                List.of(),
                Optional.empty(),
                Access.anonymous(),
                PullRequest.Route.CONFIGURED);
        assertThatThrownBy(() -> harness.pull(arm))
                .hasMessageContaining("linux/riscv64")
                .satisfies(e -> assertThat(code(e)).isEqualTo(Code.NOT_FOUND));
    }

    @Test
    void anUnknownImageIsNotFound() {
        Throwable failure = catchThrowable(() -> harness.pull(ImageReference.parse(registry.host() + "/none:1")));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.NOT_FOUND);
    }

    @Test
    void anUnreachableRegistryFailsFast() {
        registry.close();
        registry = new TestRegistry(vertx);
        Throwable failure = catchThrowable(() -> harness.pull(ImageReference.parse("127.0.0.1:1/a:1")));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("127.0.0.1:1").hasMessageContaining("refused");
    }

    @Test
    void aBlobWithOtherBytesIsRefusedAndNothingOfItIsKept() throws Exception {
        TestImage image = TestImage.of(6, 3 * MIB, 1000);
        ImageReference reference = registry.push("a", "1", image);
        byte[] forged = image.layers().getFirst().clone();
        forged[forged.length - 1] ^= 1;
        registry.blobAs(image.layer(0), forged);
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.DATA_LOSS);
        assertThat(failure).hasMessageContaining(image.layer(0).toString());
        assertThat(harness.stored(image.layer(0))).isFalse();
        assertThat(harness.cas.images().get("default", reference.name())).isEmpty();
    }

    @Test
    void aManifestWithOtherBytesIsRefused() {
        TestImage image = TestImage.of(7, 1000);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            if (TestRegistry.path(request).contains("/manifests/sha256:")
                    && request.method().name().equals("GET")) {
                request.response()
                        .putHeader("Content-Type", TestImage.MANIFEST_TYPE)
                        .end(new String(image.manifest(), StandardCharsets.UTF_8).replace("2", "3"));
                return true;
            }
            return false;
        };
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(code(failure)).isEqualTo(Code.DIGEST_MISMATCH);
    }

    @Test
    void aTruncatedBodyIsContinuedWhereItBroke() throws Exception {
        TestImage image = TestImage.of(8, 4 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        AtomicInteger cuts = new AtomicInteger();
        registry.fault =
                request -> TestRegistry.path(request).endsWith(image.layer(0).toString())
                        && request.getHeader("Range") == null
                        && cuts.getAndIncrement() == 0
                        && cut(request, image.layers().getFirst(), 3 * MIB);
        harness.pull(reference);
        assertThat(registry.seen.stream().map(s -> s.header("range")).filter(r -> !r.isEmpty()))
                .singleElement()
                .satisfies(range -> assertThat(Long.parseLong(range.replaceAll("bytes=(\\d+)-.*", "$1")))
                        .isBetween(1L, 3L * MIB));
        assertThat(harness.stored(image.layer(0))).isTrue();
    }

    private static boolean cut(HttpServerRequest request, byte[] bytes, int after) {
        request.response()
                .putHeader("Content-Length", Integer.toString(bytes.length))
                .write(Buffer.buffer(java.util.Arrays.copyOf(bytes, after)))
                .onComplete(written -> request.connection().close());
        return true;
    }

    @Test
    void aServerWithoutRangesGetsAPlainStream() throws Exception {
        registry.ranges = false;
        TestImage image = TestImage.of(9, 40 * MIB);
        harness.pull(registry.push("a", "1", image));
        assertThat(registry.count("GET", image.layer(0).toString())).isEqualTo(1);
        assertThat(harness.stored(image.layer(0))).isTrue();
    }

    @Test
    void aServerThatIgnoresRangesAfterACutIsReadFromItsStart() throws Exception {
        registry.ranges = false;
        TestImage image = TestImage.of(10, 4 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        AtomicInteger cuts = new AtomicInteger();
        registry.fault =
                request -> TestRegistry.path(request).endsWith(image.layer(0).toString())
                        && cuts.getAndIncrement() == 0
                        && cut(request, image.layers().getFirst(), 2 * MIB);
        harness.pull(reference);
        assertThat(harness.stored(image.layer(0))).isTrue();
    }

    @Test
    void largeBlobsComeInRangesWithoutAByteTwice() throws Exception {
        TestImage image = TestImage.of(11, 70 * MIB + 12345);
        harness.pull(registry.push("a", "1", image));
        assertThat(registry.blobBytes.get()).isEqualTo(image.config().length + 70L * MIB + 12345);
        assertThat(registry.count("GET", image.layer(0).toString())).isEqualTo(5);
    }

    @Test
    void aStalledBodyIsAskedForAgain() throws Exception {
        TestImage image = TestImage.of(12, 2 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        AtomicInteger stalls = new AtomicInteger();
        registry.fault = request -> {
            if (TestRegistry.path(request).endsWith(image.layer(0).toString()) && stalls.getAndIncrement() == 0) {
                request.response()
                        .putHeader("Content-Length", Integer.toString(2 * MIB))
                        .write(Buffer.buffer(
                                java.util.Arrays.copyOf(image.layers().getFirst(), MIB)));
                return true;
            }
            return false;
        };
        harness.pull(reference);
        assertThat(harness.retried).hasValue(1);
    }

    @Test
    void aServerThatOnlyStallsTimesOut() {
        TestImage image = TestImage.of(13, 2 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            if (TestRegistry.path(request).endsWith(image.layer(0).toString())) {
                request.response()
                        .putHeader("Content-Length", Integer.toString(2 * MIB))
                        .write("x");
                return true;
            }
            return false;
        };
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void aBlobOfAnotherSizeIsRefused() {
        TestImage image = TestImage.of(14, 50_000, 2 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        registry.blobAs(image.layer(1), new byte[2 * MIB + 1]);
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.DATA_LOSS);
        assertThat(failure).hasMessageContaining(image.layer(1).toString());
    }

    @Test
    void anEndlessBodyIsCutOff() {
        TestImage image = TestImage.of(15, 2 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            if (TestRegistry.path(request).endsWith(image.layer(0).toString())) {
                var response = request.response().setChunked(true);
                response.exceptionHandler(e -> {});
                Buffer junk = Buffer.buffer(new byte[MIB]);
                for (int i = 0; i < 8; i++) {
                    response.write(junk);
                }
                return true;
            }
            return false;
        };
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.DATA_LOSS);
    }

    @Test
    void aWrongContentRangeIsRefused() {
        TestImage image = TestImage.of(16, 20 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            if (request.getHeader("Range") != null) {
                request.response()
                        .setStatusCode(206)
                        .putHeader("Content-Range", "bytes 5-9/" + 20 * MIB)
                        .end("abcde");
                return true;
            }
            return false;
        };
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(code(failure)).isEqualTo(Code.BAD_FORMAT);
    }

    @Test
    void waitsAsLongAs429Asks() throws Exception {
        TestImage image = TestImage.of(17, 1000);
        ImageReference reference = registry.push("a", "1", image);
        AtomicInteger asked = new AtomicInteger();
        registry.fault = request -> {
            if (asked.getAndIncrement() < 2) {
                request.response()
                        .setStatusCode(429)
                        .putHeader("Retry-After", "1")
                        .end();
                return true;
            }
            return false;
        };
        long started = System.nanoTime();
        harness.pull(reference);
        assertThat(System.nanoTime() - started).isGreaterThan(2_000_000_000L);
    }

    @Test
    void aWaitThatIsTooLongIsAFailureAtOnce() {
        TestImage image = TestImage.of(18, 1000);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            request.response()
                    .setStatusCode(429)
                    .putHeader("Retry-After", "3600")
                    .end();
            return true;
        };
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(code(failure)).isEqualTo(Code.RATE_LIMITED);
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.UNAVAILABLE);
    }

    @Test
    void oversizedAndMalformedManifestsAreRefused() {
        registry.manifest("big", "1", new byte[5 * MIB], TestImage.MANIFEST_TYPE);
        assertThat(code(catchThrowable(() -> harness.pull(ImageReference.parse(registry.host() + "/big:1")))))
                .isEqualTo(Code.TOO_LARGE);
        registry.manifest("bad", "1", "{oops".getBytes(StandardCharsets.UTF_8), TestImage.MANIFEST_TYPE);
        assertThat(code(catchThrowable(() -> harness.pull(ImageReference.parse(registry.host() + "/bad:1")))))
                .isEqualTo(Code.BAD_FORMAT);
        registry.manifest(
                "old",
                "1",
                "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8),
                "application/vnd.docker.distribution.manifest.v1+json");
        assertThat(code(catchThrowable(() -> harness.pull(ImageReference.parse(registry.host() + "/old:1")))))
                .isEqualTo(Code.UNSUPPORTED);
    }

    @Test
    void credentialsStayWithTheirHostAcrossRedirects() throws Exception {
        TestImage image = TestImage.of(19, 20 * MIB, 1000);
        try (TestRegistry storage = new TestRegistry(vertx)) {
            ImageReference reference = registry.push("a", "1", image);
            storage.push("a", "1", image);
            String basic = "Basic " + Base64.getEncoder().encodeToString("u:geheim".getBytes(StandardCharsets.UTF_8));
            registry.fault = request -> {
                if (!basic.equals(request.getHeader("Authorization"))) {
                    request.response()
                            .setStatusCode(401)
                            .putHeader("WWW-Authenticate", "Basic realm=\"x\"")
                            .end();
                    return true;
                }
                if (TestRegistry.path(request).contains("/blobs/")) {
                    request.response()
                            .setStatusCode(307)
                            .putHeader("Location", "http://" + storage.host() + TestRegistry.path(request) + "?sig=1")
                            .end();
                    return true;
                }
                return false;
            };
            PullRequest request = PullRequest.of("default", reference)
                    .with(Access.anonymous()
                            .with(CredentialSource.forHost(registry.host(), new Credential.Basic("u", "geheim"))));
            harness.pull(request);
            assertThat(storage.seen).isNotEmpty().allSatisfy(seen -> {
                assertThat(seen.header("Authorization")).isEmpty();
                assertThat(seen.query()).isEqualTo("sig=1");
            });
            assertThat(registry.count("GET", image.layer(0).toString()))
                    .as("later ranges go to storage directly")
                    .isLessThan(storage.count("GET", image.layer(0).toString()) + 1);
            assertThat(harness.cas.contents().provenance(image.layer(0)))
                    .singleElement()
                    .satisfies(p -> assertThat(p.access()).isInstanceOf(Provenance.Access.Scoped.class));
        }
    }

    @Test
    void missingOrWrongCredentialsAreARefusal() {
        ImageReference reference = registry.push("a", "1", TestImage.of(20, 1000));
        registry.fault = request -> {
            request.response()
                    .setStatusCode(401)
                    .putHeader("WWW-Authenticate", "Basic realm=\"x\"")
                    .end();
            return true;
        };
        assertThat(apiCode(catchThrowable(() -> harness.pull(reference)))).isEqualTo(ApiException.Code.UNAUTHENTICATED);
        PullRequest wrong = PullRequest.of("default", reference)
                .with(Access.anonymous().with(CredentialSource.always(new Credential.Basic("u", "wrong"))));
        Throwable failure = catchThrowable(() -> harness.pull(wrong));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.UNAUTHENTICATED);
        assertThat(String.valueOf(failure.getMessage())).doesNotContain("wrong");
    }

    @Test
    void tokensAreFetchedOnceAndBroughtAlong() throws Exception {
        TestImage image = TestImage.of(21, 1000, 2000, 3000);
        ImageReference reference = registry.push("a/b", "1", image);
        AtomicInteger tokens = new AtomicInteger();
        registry.fault = request -> {
            if (TestRegistry.path(request).equals("/token")) {
                tokens.incrementAndGet();
                assertThat(request.query()).contains("scope=repository%3Aa%2Fb%3Apull", "service=reg");
                request.response().end("{\"token\":\"tok\",\"expires_in\":300}");
                return true;
            }
            if (!"Bearer tok".equals(request.getHeader("Authorization"))) {
                request.response()
                        .setStatusCode(401)
                        .putHeader(
                                "WWW-Authenticate",
                                "Bearer realm=\"http://" + registry.host() + "/token\",service=\"reg\"")
                        .end();
                return true;
            }
            return false;
        };
        harness.pull(reference);
        assertThat(tokens).hasValue(1);
        assertThat(harness.cas.contents().provenance(image.layer(0)))
                .containsExactly(Provenance.publicly(registry.host(), "a/b"));
    }

    @Test
    void credentialsAreNotSentToAForeignTokenServer() {
        ImageReference reference = registry.push("a", "1", TestImage.of(22, 1000));
        registry.fault = request -> {
            request.response()
                    .setStatusCode(401)
                    .putHeader("WWW-Authenticate", "Bearer realm=\"https://token.evil.example/t\",service=\"s\"")
                    .end();
            return true;
        };
        PullRequest request = PullRequest.of("default", reference)
                .with(Access.anonymous().with(CredentialSource.always(new Credential.Basic("u", "p"))));
        Throwable failure = catchThrowable(() -> harness.pull(request));
        assertThat(code(failure)).isEqualTo(Code.UNTRUSTED_TARGET);
        assertThat(failure).hasMessageContaining("token.evil.example").hasMessageContaining("[registry.realms]");
    }

    @Test
    void configuredHeadersReachTheTokenServerOnTheSamePortOnly() throws Exception {
        TestImage image = TestImage.of(27, 1000);
        hosts("[host.\"http://" + registry.host() + "\"]\n[host.\"http://" + registry.host()
                + "\".header]\nx-shared-secret = \"geheim\"\n");
        try (TestRegistry neighbour = new TestRegistry(vertx)) {
            for (TestRegistry realm : List.of(registry, neighbour)) {
                registry.fault = request -> tokenFrom("http://" + realm.host(), request);
                neighbour.fault = registry.fault;
                registry.seen.clear();
                // Another repository each time, so that no token is kept.
                String repository = "from" + realm.port();
                harness.pull(registry.push(repository, "1", image));
                assertThat(realm.seen.stream().filter(s -> s.path().equals("/token")))
                        .singleElement()
                        .satisfies(s ->
                                assertThat(s.header("x-shared-secret")).isEqualTo(realm == registry ? "geheim" : ""));
                assertThat(registry.seen)
                        .isNotEmpty()
                        .allSatisfy(s -> assertThat(s.header("x-shared-secret")).isEqualTo("geheim"));
            }
        }
    }

    /// Answers like a registry whose tokens come from that origin, and like that token server.
    private static boolean tokenFrom(String origin, HttpServerRequest request) {
        if (TestRegistry.path(request).equals("/token")) {
            request.response().end("{\"token\":\"tok\",\"expires_in\":300}");
            return true;
        }
        if (!"Bearer tok".equals(request.getHeader("Authorization"))) {
            request.response()
                    .setStatusCode(401)
                    .putHeader("WWW-Authenticate", "Bearer realm=\"" + origin + "/token\",service=\"reg\"")
                    .end();
            return true;
        }
        return false;
    }

    @Test
    void clientCertificatesReachTheTokenServerOnTheSamePortOnly() throws Exception {
        TestImage image = TestImage.of(28, 1000);
        SelfSignedCertificate pair = SelfSignedCertificate.create("127.0.0.1");
        HttpServerOptions options = new HttpServerOptions()
                .setSsl(true)
                .setKeyCertOptions(pair.keyCertOptions())
                .setClientAuth(ClientAuth.REQUEST)
                .setTrustOptions(pair.trustOptions());
        try (TestRegistry home = new TestRegistry(vertx, new HttpServerOptions(options));
                TestRegistry neighbour = new TestRegistry(vertx, new HttpServerOptions(options))) {
            Path dir = Files.createDirectories(root.resolve("certs.d").resolve(home.host()));
            Files.writeString(
                    dir.resolve("hosts.toml"),
                    "server = \"https://" + home.host() + "\"\nskip_verify = true\nclient = [[\""
                            + pair.certificatePath() + "\", \"" + pair.privateKeyPath() + "\"]]\n");
            for (TestRegistry realm : List.of(home, neighbour)) {
                Map<String, Boolean> shown = new ConcurrentHashMap<>();
                home.fault = request -> {
                    shown.merge("home", showsCertificate(request), Boolean::logicalAnd);
                    return tokenFrom("https://" + realm.host(), request);
                };
                neighbour.fault = request -> {
                    shown.merge("neighbour", showsCertificate(request), Boolean::logicalOr);
                    return tokenFrom("https://" + realm.host(), request);
                };
                harness.pull(home.push("from" + realm.port(), "1", image));
                assertThat(shown)
                        .isEqualTo(realm == home ? Map.of("home", true) : Map.of("home", true, "neighbour", false));
            }
        } finally {
            pair.delete();
        }
    }

    private static boolean showsCertificate(HttpServerRequest request) {
        try {
            return request.connection().peerCertificates().size() > 0;
        } catch (SSLPeerUnverifiedException e) {
            return false;
        }
    }

    @Test
    void passwordTokensFallBackToGet() throws Exception {
        TestImage image = TestImage.of(23, 1000);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault = request -> {
            if (TestRegistry.path(request).equals("/token")) {
                boolean basic = request.getHeader("Authorization") != null;
                request.response()
                        .setStatusCode(request.method().name().equals("POST") ? 405 : basic ? 200 : 401)
                        .end("{\"access_token\":\"tok\"}");
                return true;
            }
            if (!"Bearer tok".equals(request.getHeader("Authorization"))) {
                request.response()
                        .setStatusCode(401)
                        .putHeader(
                                "WWW-Authenticate", "Bearer realm=\"http://localhost:" + registry.port() + "/token\"")
                        .end();
                return true;
            }
            return false;
        };
        harness.pull(PullRequest.of("default", reference)
                .with(Access.anonymous().with(CredentialSource.always(new Credential.Basic("u", "p")))));
        assertThat(registry.count("POST", "/token")).isEqualTo(1);
    }

    @Test
    void theNextHostIsAskedWhenAMirrorFails() throws Exception {
        TestImage image = TestImage.of(24, 1000, 3 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        try (TestRegistry mirror = new TestRegistry(vertx)) {
            mirror.push("a", "1", image);
            mirror.fault = request -> {
                if (TestRegistry.path(request).contains("/blobs/")) {
                    request.response().setStatusCode(500).end();
                    return true;
                }
                return false;
            };
            hosts("[host.\"http://" + mirror.host() + "\"]\n");
            harness.pull(reference);
            assertThat(mirror.count("HEAD", "/manifests/1")).isEqualTo(1);
            assertThat(registry.count("HEAD", "/manifests/1")).isZero();
            assertThat(registry.count("GET", "/blobs/")).isEqualTo(3);
            assertThat(mirror.seen).allSatisfy(s -> assertThat(s.query()).startsWith("ns=127.0.0.1%3A"));
            assertThat(registry.seen).allSatisfy(s -> assertThat(s.query()).isEmpty());
        }
    }

    @Test
    void capabilitiesAreObeyedOnResolveAndFetch() throws Exception {
        TestImage image = TestImage.of(25, 1000);
        ImageReference reference = registry.push("a", "1", image);
        try (TestRegistry resolving = new TestRegistry(vertx);
                TestRegistry pulling = new TestRegistry(vertx)) {
            resolving.push("a", "1", image);
            pulling.push("a", "1", image);
            hosts("[host.\"http://" + resolving.host() + "\"]\ncapabilities = [\"resolve\"]\n[host.\"http://"
                    + pulling.host() + "\"]\ncapabilities = [\"pull\"]\n");
            harness.pull(reference);
            assertThat(resolving.seen).isEmpty();
            assertThat(pulling.count("HEAD", "/manifests/")).isZero();
            assertThat(pulling.count("GET", "/manifests/sha256:")).isEqualTo(1);
            assertThat(pulling.count("GET", "/blobs/")).isEqualTo(2);
            assertThat(registry.count("GET", "")).isZero();
        }
    }

    private void hosts(String text) throws Exception {
        Path dir = Files.createDirectories(root.resolve("certs.d").resolve(registry.host()));
        Files.writeString(dir.resolve("hosts.toml"), "server = \"http://" + registry.host() + "\"\n" + text);
    }

    @Test
    void cancelledPullsStopAndClean() throws Exception {
        TestImage image = TestImage.of(26, 2 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        registry.fault =
                request -> TestRegistry.path(request).endsWith(image.layer(0).toString());
        Thread pull = Thread.ofVirtual().start(() -> {
            try {
                harness.pull(reference);
            } catch (RegistryException | InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        await().until(() -> registry.count("GET", image.layer(0).toString()) == 1);
        pull.interrupt();
        assertThat(pull.join(java.time.Duration.ofSeconds(5))).isTrue();
        await().until(() -> harness.unpacker.cancelled.get() == 1);
        assertThat(harness.cas.leases().list("default", io.slipway.cas.filter.Filter.parse(List.of())))
                .isEmpty();
        await("the fetch is given up").until(() -> ingests().isEmpty());
    }

    private List<Path> ingests() throws java.io.IOException {
        try (var files = Files.list(root.resolve("store/content/ingest"))) {
            return files.toList();
        }
    }

    /// What a pull had got when its daemon died is kept for the next try, and by nothing else afterwards.
    @Test
    void theLeaseOfAPullThatDiedGoesWithTheNextOne() throws Exception {
        TestImage image = TestImage.of(34, 1000);
        ImageReference reference = registry.push("a", "1", image);
        var dead = Map.of("io.slipway.pull.run", "an earlier one", "io.slipway.pull.image", reference.name());
        var other = Map.of("io.slipway.pull.run", "an earlier one", "io.slipway.pull.image", "another/image:1");
        String gone = harness.cas
                .leases()
                .createFor("default", java.time.Duration.ofHours(1), dead)
                .id();
        String stays = harness.cas
                .leases()
                .createFor("default", java.time.Duration.ofHours(1), other)
                .id();
        harness.pull(reference);
        assertThat(harness.cas.leases().get("default", gone)).isEmpty();
        assertThat(harness.cas.leases().get("default", stays)).isPresent();
    }

    @Test
    void aBadRegistrySpoilsNobodyElsesPull() throws Exception {
        TestImage image = TestImage.of(30, 5 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        try (TestRegistry bad = new TestRegistry(vertx)) {
            bad.fault = TestRegistry.rubbishThenSilence(5 * MIB, 200_000);
            try (var arrival = harness.puller
                    .upstreams()
                    .blob(bad.host(), "x", image.layer(0), OptionalLong.empty(), Access.anonymous())) {
                await().until(() -> arrival.available() > 0);
                harness.pull(reference);
                assertThat(arrival.verdict()).isNotDone();
            }
        }
        assertThat(harness.stored(image.layer(0))).isTrue();
        assertThat(registry.blobBytes.get()).isEqualTo(image.config().length + 5L * MIB);
    }

    @Test
    void aRegistryThatTricklesHoldsUpNobodyAndIsGivenUp() throws Exception {
        TestImage good = TestImage.of(31, 2 * MIB, 3 * MIB);
        ImageReference reference = registry.push("a", "1", good);
        int[] sizes = new int[12];
        java.util.Arrays.fill(sizes, 2 * MIB);
        TestImage image = TestImage.of(32, sizes);
        java.util.Set<Long> timers = ConcurrentHashMap.newKeySet();
        try (TestRegistry slow = new TestRegistry(vertx)) {
            ImageReference trickling = slow.push("b", "1", image);
            slow.fault = request -> {
                boolean layer = image.layers().stream()
                        .anyMatch(bytes -> TestRegistry.path(request)
                                .endsWith(TestImage.digest(bytes).toString()));
                if (layer) {
                    var response = request.response().putHeader("Content-Length", Integer.toString(2 * MIB));
                    var _ = response.write("x");
                    // Well within the stall limit, so it is never silent.
                    timers.add(vertx.setPeriodic(50, _ -> response.write("x")));
                }
                return layer;
            };
            var failure = new java.util.concurrent.CompletableFuture<Throwable>();
            Thread.ofVirtual().start(() -> failure.complete(catchThrowable(() -> harness.pull(trickling))));
            await("the trickle has all the connections it may have").until(() -> timers.size() >= 4);
            harness.pull(reference);
            assertThat(failure).isNotDone();
            assertThat(apiCode(failure.get(40, java.util.concurrent.TimeUnit.SECONDS)))
                    .isEqualTo(ApiException.Code.DEADLINE_EXCEEDED);
        } finally {
            timers.forEach(vertx::cancelTimer);
        }
    }

    @Test
    void wrongBytesAreFetchedOnceMore() throws Exception {
        TestImage image = TestImage.of(31, 3 * MIB, 1000);
        ImageReference reference = registry.push("a", "1", image);
        byte[] altered = image.layers().getFirst().clone();
        altered[2 * MIB] ^= 1;
        registry.blobAs(image.layer(0), altered);
        var asked = new AtomicInteger();
        registry.fault = request -> {
            if (TestRegistry.path(request).endsWith(image.layer(0).toString()) && asked.incrementAndGet() == 2) {
                registry.blob(image.layers().getFirst());
            }
            return false;
        };
        harness.pull(reference);
        assertThat(asked).hasValue(2);
        assertThat(registry.count("GET", image.layer(1).toString())).isEqualTo(1);
        assertThat(harness.stored(image.layer(0))).isTrue();
        assertThat(harness.events.stream()
                        .filter(e -> e instanceof Event.Progress(var item)
                                && item.descriptor().digest().equals(image.layer(0))
                                && item.state() == State.DONE))
                .isNotEmpty();
    }

    @Test
    void bytesThatStayWrongFailThePullAndNothingOfThemStays() throws Exception {
        TestImage image = TestImage.of(32, 3 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        byte[] altered = image.layers().getFirst().clone();
        altered[0] ^= 1;
        registry.blobAs(image.layer(0), altered);
        Throwable failure = catchThrowable(() -> harness.pull(reference));
        assertThat(apiCode(failure)).isEqualTo(ApiException.Code.DATA_LOSS);
        assertThat(failure).hasMessageContaining(image.layer(0).toString());
        assertThat(registry.count("GET", image.layer(0).toString())).isEqualTo(2);
        assertThat(harness.stored(image.layer(0))).isFalse();
        assertThat(ingests()).isEmpty();
    }

    @Test
    void aHostThatSentWrongBytesIsAskedLast() throws Exception {
        TestImage image = TestImage.of(33, 3 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        try (TestRegistry mirror = new TestRegistry(vertx)) {
            mirror.push("a", "1", image);
            byte[] altered = image.layers().getFirst().clone();
            altered[altered.length - 1] ^= 1;
            mirror.blobAs(image.layer(0), altered);
            hosts("[host.\"http://" + mirror.host() + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
            harness.pull(reference);
            assertThat(mirror.count("GET", image.layer(0).toString())).isEqualTo(1);
            assertThat(registry.count("GET", image.layer(0).toString())).isEqualTo(1);
        }
    }

    @Test
    void plainHttpAndConfiguredPullsDontMix() {
        assertThat(PullRequest.Route.CONFIGURED.origin("r.test")).isEqualTo("r.test");
        assertThat(PullRequest.Route.plainHttp().origin("r.test")).isEqualTo("r.test over http");
        assertThat(new PullRequest.Route(Optional.of("/etc/x"), Optional.empty(), Map.of()).origin("r.test"))
                .isEqualTo("r.test by /etc/x");
    }

    @Test
    void publicOnlyNeverDialsThisMachine() throws Exception {
        harness.close();
        int port = registry.port();
        harness = new PullerHarness(
                vertx,
                root,
                PullerOptions.defaults(List.of(), "n").withTimeouts(PullerHarness.FAST),
                host -> List.of(java.net.InetAddress.getLoopbackAddress()));
        ImageReference reference = ImageReference.parse("rebind.example:" + port + "/a:1");
        Throwable failure =
                catchThrowable(() -> harness.puller.upstreams().resolve(reference, Access.anonymousPublic()));
        assertThat(code(failure)).isEqualTo(Code.ADDRESS_REFUSED);
        assertThat(failure).hasMessageContaining("[mirror] upstreams");
        try (var arrival = harness.puller
                .upstreams()
                .blob(
                        "rebind.example:" + port,
                        "a",
                        Digest.parse("sha256:" + "a".repeat(64)),
                        OptionalLong.empty(),
                        Access.anonymousPublic())) {
            assertThat(arrival.await()).isInstanceOf(io.slipway.cas.Verdict.Failed.class);
        }
        assertThat(registry.seen).isEmpty();
    }

    @Test
    void upstreamQuestionsAreAnswered() throws Exception {
        TestImage image = TestImage.of(27, 40 * MIB);
        ImageReference reference = registry.push("a", "1", image);
        Upstreams upstreams = harness.puller.upstreams();
        assertThat(upstreams.resolve(reference, Access.anonymous()).descriptor().digest())
                .isEqualTo(image.id());
        assertThat(upstreams.manifest(reference, Access.anonymous()).bytes()).isEqualTo(image.manifest());
        assertThat(upstreams.readable(registry.host(), "a", image.layer(0), Access.anonymous()))
                .isTrue();
        assertThat(upstreams.readable(
                        registry.host(), "a", Digest.parse("sha256:" + "b".repeat(64)), Access.anonymous()))
                .isFalse();
        try (var arrival =
                upstreams.blob(registry.host(), "a", image.layer(0), OptionalLong.empty(), Access.anonymous())) {
            assertThat(arrival.awaitVerified()).isEqualTo(40L * MIB);
        }
        assertThat(registry.count("GET", "/blobs/"))
                .as("split though the size was unknown")
                .isGreaterThan(1);
    }
}
