package io.slipway.mirror;

import static io.slipway.mirror.MirrorHarness.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.slipway.cas.Digest;
import io.slipway.mirror.FakeUpstreams.BlobPlan;
import io.slipway.mirror.FakeUpstreams.Gate;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Where the mirror listens, and how it stops.
class ListenersTest {

    @TempDir
    Path root;

    private static MirrorOptions at(MirrorOptions options, List<String> listen) {
        return new MirrorOptions(
                listen,
                options.upstreams(),
                options.defaultUpstream(),
                options.local(),
                options.publicCache(),
                options.earlyRanges(),
                options.configured(),
                options.nodeId(),
                options.tls(),
                options.plainOffLoopback(),
                options.limits(),
                options.metrics(),
                options.clock());
    }

    private MirrorHarness harness(String... listen) throws Exception {
        return new MirrorHarness(root, o -> at(o, List.of(listen)));
    }

    @Test
    void everyAddressIsListenedOnAndPortZeroIsToldApart() throws Exception {
        Path socket = root.resolve("m.sock");
        try (var harness = harness("127.0.0.1:0", "[::1]:0", "127.0.0.1:0", "unix:" + socket)) {
            List<String> addresses = harness.mirror().addresses();
            assertThat(addresses).hasSize(4).doesNotHaveDuplicates();
            assertThat(addresses.get(1)).startsWith("[::1]:");
            assertThat(addresses.get(3)).isEqualTo("unix:" + socket);
            for (String address : addresses.subList(0, 3)) {
                assertThat(address).doesNotEndWith(":0");
                int colon = address.lastIndexOf(':');
                String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
                var server = SocketAddress.inetSocketAddress(Integer.parseInt(address.substring(colon + 1)), host);
                // More connections than event loops: every loop answers.
                for (int i = 0; i < 6; i++) {
                    try (var client = new WireClient(harness.vertx, HttpVersion.HTTP_1_1, server)) {
                        assertThat(client.get("/v2/").status()).isEqualTo(200);
                    }
                }
            }
            assertThat(overSocket(socket)).startsWith("HTTP/1.1 200 OK");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw----");
        }
        assertThat(root.resolve("m.sock")).doesNotExist();
        assertThat(root.resolve("m.sock.new")).doesNotExist();
    }

    private static String overSocket(Path socket) throws Exception {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            channel.read(answer);
            return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void anAddressInUseIsSaidToBeInUseAndNothingStaysOpen() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            Path socket = root.resolve("m.sock");
            var failure = catchThrowableOfType(MirrorAddressException.class, () -> harness("unix:" + socket, address));
            assertThat(failure.inUse()).isTrue();
            assertThat(failure.address()).isEqualTo(address);
            assertThat(failure).hasMessageContaining(address);
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void aSocketSomebodyAnswersOnIsNotTakenOverAndADeadOneIs() throws Exception {
        Path socket = root.resolve("m.sock");
        try (var other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
            var failure = catchThrowableOfType(MirrorAddressException.class, () -> harness("unix:" + socket));
            assertThat(failure.inUse()).isTrue();
        }
        // The listener is gone, its file is still there.
        assertThat(socket).exists();
        try (var harness = harness("unix:" + socket)) {
            assertThat(harness.mirror().addresses()).containsExactly("unix:" + socket);
            assertThat(overSocket(socket)).startsWith("HTTP/1.1 200 OK");
        }
    }

    @Test
    void offLoopbackNeedsTlsOrAnExplicitWord() throws Exception {
        var failure = catchThrowableOfType(IllegalArgumentException.class, () -> harness("0.0.0.0:0"));
        assertThat(failure).hasMessageContaining("[mirror] address 0.0.0.0:0 is not loopback");
        try (var harness =
                new MirrorHarness(root, o -> at(o, List.of("0.0.0.0:0")).withPlainOffLoopback(true))) {
            assertThat(harness.mirror().addresses()).hasSize(1);
        }
    }

    @Test
    @Timeout(30)
    void stoppingCutsWhatDoesNotEndWithinTheGrace() throws Exception {
        byte[] bytes = new byte[500_000];
        Digest digest = FakeUpstreams.sha256(bytes);
        try (var harness = new MirrorHarness(root, o -> o.withLimits(shortGrace(o.limits())));
                var client = harness.client(HttpVersion.HTTP_1_1)) {
            harness.upstreams.putBlob("registry.test", "a", digest, BlobPlan.of(bytes, true, new Gate(100_000)));
            var download = client.start(HttpMethod.GET, "/v2/a/blobs/" + digest + "?ns=registry.test");
            await("it follows").until(() -> download.received() == 100_000);
            harness.mirror().stop();
            assertThat(download.await().complete()).isFalse();
            assertThat(harness.mirror().activeRequests()).isZero();
            harness.mirror().stop();
        }
    }

    @Test
    @Timeout(30)
    void aReaderThatStandsStillIsCutAfterTheStallBound() throws Exception {
        byte[] bytes = new byte[32 << 20];
        try (var harness = new MirrorHarness(
                root,
                o -> o.withLimits(shortStall(o.limits()))
                        .withTls(new MirrorOptions.Tls(
                                MirrorTlsTest.resource("/example-tls.crt"),
                                MirrorTlsTest.resource("/example-tls.key"))))) {
            Digest digest = harness.upstreams.putBlob("registry.test", "a", bytes);
            try (var client = harness.client(HttpVersion.HTTP_2)) {
                var download = client.start(HttpMethod.GET, "/v2/a/blobs/" + digest + "?ns=registry.test");
                download.awaitHead().pause();
                await("the mirror gives up").until(() -> harness.mirror().activeRequests() == 0);
                await("every buffer came back").until(() -> harness.mirror().bytesInFlight() == 0);
                assertThat(harness.answers).hasSize(1).noneMatch(MirrorMetrics.Answer::complete);
            }
        }
    }

    @Test
    void aBodyNobodyWantsIsReadUpToABoundOnly() throws Exception {
        try (var harness = harness("127.0.0.1:0")) {
            String address = harness.mirror().addresses().getFirst();
            int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
            try (var socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                socket.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
                var out = socket.getOutputStream();
                out.write("PUT /v2/x/manifests/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
                long sent = 0;
                try {
                    for (byte[] piece = new byte[64 * 1024]; sent < 100_000_000; sent += piece.length) {
                        out.write(piece);
                    }
                } catch (IOException closed) {
                    // As it should be.
                }
                assertThat(sent).isLessThan(100_000_000);
            }
        }
    }

    private static MirrorLimits shortGrace(MirrorLimits l) {
        return with(l, l.stall(), Duration.ofMillis(100));
    }

    private static MirrorLimits shortStall(MirrorLimits l) {
        return with(l, Duration.ofMillis(300), l.stopGrace());
    }

    private static MirrorLimits with(MirrorLimits l, Duration stall, Duration grace) {
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
                l.maxConnections(),
                l.maxStreams(),
                l.maxRequests(),
                l.headerBytes(),
                l.upstreamWait(),
                stall,
                l.idle(),
                grace);
    }
}
