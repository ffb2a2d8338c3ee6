package io.slipway.puller.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.slipway.puller.AddressPolicy;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.PullerOptions;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.hosts.TlsIdentity;
import io.slipway.puller.http.WireRequest.Lane;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A server that closes right behind the head of its answer.
@Timeout(60)
class BrokenAnswerTest {
    private static final int ROUNDS = 200;

    private final AtomicInteger closed = new AtomicInteger();
    private Vertx vertx;
    private Wire wire;
    private ServerSocket server;
    private Thread serving;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        // Default limits: a stall would take 20 s and say TIMEOUT.
        wire = new Wire(
                vertx,
                PullerOptions.defaults(List.of(), "node-1"),
                _ -> List.of(InetAddress.getLoopbackAddress()),
                new PullerObserver() {});
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        serving = Thread.ofPlatform().start(this::serve);
    }

    @AfterEach
    void stop() throws Exception {
        await("blocks are given back")
                .untilAsserted(() -> assertThat(wire.blocksInUse()).isZero());
        server.close();
        serving.join();
        wire.close();
        vertx.close().await();
    }

    private void serve() {
        while (true) {
            try (Socket peer = server.accept()) {
                readHead(peer);
                peer.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                if (server.isClosed()) {
                    return;
                }
            }
            closed.incrementAndGet();
        }
    }

    private static void readHead(Socket peer) throws IOException {
        int matched = 0;
        while (matched < 4) {
            int next = peer.getInputStream().read();
            if (next < 0) {
                return;
            }
            matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
        }
    }

    private WireResponse ask() throws Exception {
        return wire.send(new WireRequest(
                HttpMethod.GET,
                new HttpUrl(false, "127.0.0.1", server.getLocalPort(), "/"),
                Map.of(),
                Optional.empty(),
                TlsIdentity.SYSTEM,
                AddressPolicy.ANY,
                Duration.ofSeconds(5),
                Lane.BULK));
    }

    private static void assertBrokeOff(ThrowingCallable reading) {
        assertThatThrownBy(reading)
                .isInstanceOfSatisfying(
                        RegistryException.class, e -> assertThat(e.code()).isEqualTo(Code.UNREACHABLE));
    }

    @Test
    void isNoticedByTheReaderOfAStream() {
        for (int i = 0; i < ROUNDS; i++) {
            int round = i;
            assertBrokeOff(() -> {
                WireResponse response = ask();
                afterTheClose(round);
                try (Body body = response.body()) {
                    body.next();
                }
            });
        }
    }

    @Test
    void isNoticedByTheReaderOfASmallBody() {
        for (int i = 0; i < ROUNDS; i++) {
            int round = i;
            assertBrokeOff(() -> {
                WireResponse response = ask();
                afterTheClose(round);
                response.small(1000);
            });
        }
    }

    /// In every other round the reader comes late.
    private void afterTheClose(int round) {
        if (round % 2 == 0) {
            await().pollInterval(Duration.ofMillis(1)).until(() -> closed.get() > round);
        }
    }
}
