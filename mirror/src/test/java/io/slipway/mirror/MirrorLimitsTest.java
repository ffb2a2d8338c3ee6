package io.slipway.mirror;

import static io.slipway.mirror.MirrorHarness.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.Digest;
import io.slipway.mirror.FakeUpstreams.BlobPlan;
import io.slipway.mirror.FakeUpstreams.Gate;
import io.slipway.mirror.WireClient.Download;
import io.slipway.mirror.WireClient.Reply;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What clients see when the mirror has as much to do as it may, and that those who leave make room.
@Timeout(60)
class MirrorLimitsTest {

    private static final int BOUND = 2;
    private static final int THERE = 100_000;
    private static final String BASE = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n";

    @TempDir
    Path root;

    private static MirrorLimits bounded(MirrorLimits l, int connections, int requests) {
        return new MirrorLimits(
                l.tagTtl(),
                l.tagStale(),
                l.readableTtl(),
                l.manifestCacheBytes(),
                l.chunkBytes(),
                l.streamInflightBytes(),
                l.inflightBytes(),
                l.reservedBytes(),
                l.heldBackBytes(),
                connections,
                l.maxStreams(),
                requests,
                l.headerBytes(),
                l.upstreamWait(),
                l.stall(),
                l.idle(),
                l.stopGrace());
    }

    /// A blob of which the first bytes come and no more.
    private static String standing(MirrorHarness harness) {
        byte[] bytes = new byte[500_000];
        Digest digest = FakeUpstreams.sha256(bytes);
        harness.upstreams.putBlob("registry.test", "a", digest, BlobPlan.of(bytes, true, new Gate(THERE)));
        return "/v2/a/blobs/" + digest + "?ns=registry.test";
    }

    @ParameterizedTest
    @EnumSource(
            value = HttpVersion.class,
            names = {"HTTP_1_1", "HTTP_2"})
    void oneRequestTooManyIsRefusedAtOnceUntilSomebodyLeaves(HttpVersion version) throws Exception {
        try (var harness = new MirrorHarness(
                        root, o -> o.withLimits(bounded(o.limits(), o.limits().maxConnections(), BOUND)));
                var client = harness.client(version)) {
            String path = standing(harness);
            List<Download> held = List.of(client.start(HttpMethod.GET, path), client.start(HttpMethod.GET, path));
            for (Download download : held) {
                await("it follows").until(() -> download.received() == THERE);
            }
            for (String refused : List.of("/v2/", path)) {
                Reply reply = client.get(refused);
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.header("Retry-After")).isEqualTo("1");
                assertThat(reply.header("Content-Type")).isEqualTo("application/json");
                JsonObject error =
                        new JsonObject(reply.body()).getJsonArray("errors").getJsonObject(0);
                assertThat(error.getString("code")).isEqualTo("UNAVAILABLE");
                assertThat(error.getString("message")).isNotBlank();
            }
            held.getFirst().hangUp();
            await("there is room").until(() -> harness.mirror().activeRequests() == BOUND - 1);
            assertThat(client.get("/v2/").status()).isEqualTo(200);
            held.getLast().hangUp();
            await("every request is over").until(() -> harness.mirror().activeRequests() == 0);
            await("every buffer came back").until(() -> harness.mirror().bytesInFlight() == 0);
        }
    }

    @Test
    void oneConnectionTooManyIsClosedUnansweredUntilSomebodyLeavesInMidBody() throws Exception {
        try (var harness = new MirrorHarness(
                root, o -> o.withLimits(bounded(o.limits(), BOUND, o.limits().maxRequests())))) {
            String path = standing(harness);
            try (Socket idle = connect(harness)) {
                assertThat(answer(idle, BASE)).startsWith("HTTP/1.1 200 ");
                try (Socket following = connect(harness)) {
                    assertThat(answer(following, BASE.replace("/v2/", path))).startsWith("HTTP/1.1 200 ");
                    try (Socket tooMany = connect(harness)) {
                        assertThat(answer(tooMany, BASE)).isEmpty();
                    }
                    assertThat(answer(idle, BASE))
                            .as("the others are not touched")
                            .startsWith("HTTP/1.1 200 ");
                    await("only the follower's request is left")
                            .until(() -> harness.mirror().activeRequests() == 1);
                }
                await("the place is free again").until(() -> {
                    try (Socket next = connect(harness)) {
                        return answer(next, BASE).startsWith("HTTP/1.1 200 ");
                    }
                });
                await("its request is over, too").until(() -> harness.mirror().activeRequests() == 0);
                await("every buffer came back").until(() -> harness.mirror().bytesInFlight() == 0);
            }
        }
    }

    private static Socket connect(MirrorHarness harness) throws IOException {
        String address = harness.mirror().addresses().getFirst();
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        var socket = new Socket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
        return socket;
    }

    /// The beginning of the answer; empty when the connection is closed instead.
    private static String answer(Socket socket, String request) throws IOException {
        byte[] start = new byte[256];
        try {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            int count = socket.getInputStream().read(start);
            return count < 0 ? "" : new String(start, 0, count, StandardCharsets.US_ASCII);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException reset) {
            return "";
        }
    }
}
