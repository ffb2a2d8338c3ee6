package io.slipway.runtime.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Empty;
import com.google.protobuf.StringValue;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.net.BindException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Client and server against each other.
final class TtrpcTest {
    private static final String SERVICE = "slipway.test.Echo";

    @TempDir
    Path directory;

    private final CountDownLatch handlerReached = new CountDownLatch(1);
    private final CompletableFuture<Boolean> handlerInterrupted = new CompletableFuture<>();
    private final AtomicInteger closes = new AtomicInteger();
    private TtrpcServer server;
    private TtrpcClient client;

    @BeforeEach
    void connect() throws IOException {
        TtrpcService echo = TtrpcService.named(SERVICE)
                .method("Echo", StringValue.parser(), (_, request) -> request)
                .method(
                        "Size",
                        BytesValue.parser(),
                        (_, request) -> StringValue.of("" + request.getValue().size()))
                .method("Big", Empty.parser(), (_, _) -> BytesValue.of(ByteString.copyFrom(new byte[5 << 20])))
                .method(
                        "Namespace",
                        Empty.parser(),
                        (metadata, _) -> StringValue.of(
                                metadata.first("containerd-namespace-ttrpc").orElse("none")))
                .method("Hang", Empty.parser(), (_, _) -> {
                    handlerReached.countDown();
                    try {
                        Thread.sleep(Duration.ofMinutes(1));
                        handlerInterrupted.complete(false);
                    } catch (InterruptedException e) {
                        handlerInterrupted.complete(true);
                        throw e;
                    }
                    return Empty.getDefaultInstance();
                })
                .method("Missing", Empty.parser(), (_, _) -> {
                    throw new ApiException(ApiException.Code.NOT_FOUND, "no such thing");
                })
                .method("Broken", Empty.parser(), (_, _) -> {
                    throw new IOException("the disk is gone");
                })
                .build();
        server = TtrpcServer.listen(directory.resolve("s.ttrpc"), List.of(echo));
        client = TtrpcClient.connect(UnixDomainSocketAddress.of(server.socket()), closes::incrementAndGet);
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private String echo(String text) throws IOException, InterruptedException {
        return client.call(SERVICE, "Echo", StringValue.of(text), StringValue.parser(), Optional.empty(), Map.of())
                .getValue();
    }

    @Test
    void anAnswerBelongsToItsCall() throws Exception {
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                String text = "call " + i;
                answers.add(callers.submit(() -> echo(text)));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get()).isEqualTo("call " + i);
            }
        }
    }

    @Test
    void anEmptyMessageIsAnAnswer() throws Exception {
        assertThat(echo("")).isEmpty();
    }

    @Test
    void metadataKeysTravelInLowerCase() throws Exception {
        StringValue answer = client.call(
                SERVICE,
                "Namespace",
                Empty.getDefaultInstance(),
                StringValue.parser(),
                Optional.empty(),
                Map.of("Containerd-Namespace-TTRPC", "k8s.io"));
        assertThat(answer.getValue()).isEqualTo("k8s.io");
    }

    @Test
    void anUnknownServiceOrMethodIsUnimplemented() {
        assertRefused("other.Service", "Echo", ApiException.Code.UNIMPLEMENTED, "service other.Service");
        assertRefused(SERVICE, "Nope", ApiException.Code.UNIMPLEMENTED, "method Nope");
    }

    @Test
    void aHandlersFailureKeepsItsClassAndText() {
        assertRefused(SERVICE, "Missing", ApiException.Code.NOT_FOUND, "no such thing");
        assertRefused(SERVICE, "Broken", ApiException.Code.UNKNOWN, "the disk is gone");
    }

    @Test
    void aPayloadThatDoesNotParseIsInternal() {
        assertThatThrownBy(() -> client.call(
                        SERVICE,
                        "Echo",
                        BytesValue.of(ByteString.copyFrom(new byte[] {(byte) 0xFF})),
                        StringValue.parser(),
                        Optional.empty(),
                        Map.of()))
                .isInstanceOfSatisfying(
                        TtrpcException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.INTERNAL));
    }

    private void assertRefused(String service, String method, ApiException.Code code, String text) {
        assertThatThrownBy(() -> client.call(
                        service, method, Empty.getDefaultInstance(), Empty.parser(), Optional.empty(), Map.of()))
                .isInstanceOfSatisfying(TtrpcException.class, e -> {
                    assertThat(e.code()).isEqualTo(code);
                    assertThat(e).hasMessage(text);
                });
    }

    @Test
    void aRequestOfNearlyFourMebibytesPassesAndALargerOneNeverLeaves() throws Exception {
        int fits = Frame.PAYLOAD_BYTES_MAX - 100;
        StringValue size = client.call(
                SERVICE,
                "Size",
                BytesValue.of(ByteString.copyFrom(new byte[fits])),
                StringValue.parser(),
                Optional.empty(),
                Map.of());
        assertThat(size.getValue()).isEqualTo("" + fits);
        assertThatThrownBy(() -> client.call(
                        SERVICE,
                        "Size",
                        BytesValue.of(ByteString.copyFrom(new byte[Frame.PAYLOAD_BYTES_MAX])),
                        StringValue.parser(),
                        Optional.empty(),
                        Map.of()))
                .isInstanceOfSatisfying(
                        TtrpcException.class,
                        e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED));
        assertThat(echo("still here")).isEqualTo("still here");
    }

    @Test
    void anAnswerOverTheLimitFailsItsCallOnly() throws Exception {
        assertThatThrownBy(() -> client.call(
                        SERVICE, "Big", Empty.getDefaultInstance(), BytesValue.parser(), Optional.empty(), Map.of()))
                .isInstanceOfSatisfying(
                        TtrpcException.class,
                        e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED));
        assertThat(echo("still here")).isEqualTo("still here");
    }

    @Test
    void theDeadlineEndsTheCallOnBothSides() throws Exception {
        assertThatThrownBy(() -> client.call(
                        SERVICE,
                        "Hang",
                        Empty.getDefaultInstance(),
                        Empty.parser(),
                        Optional.of(Duration.ofMillis(50)),
                        Map.of()))
                .isInstanceOfSatisfying(
                        TtrpcException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.DEADLINE_EXCEEDED));
        assertThat(handlerInterrupted.join()).isTrue();
        assertThat(echo("still here")).isEqualTo("still here");
    }

    @Test
    void anInterruptedCallerLeavesTheConnectionToTheOthers() throws Exception {
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                client.call(SERVICE, "Hang", Empty.getDefaultInstance(), Empty.parser(), Optional.empty(), Map.of());
            } catch (IOException | InterruptedException e) {
                outcome.complete(e);
            }
        });
        handlerReached.await();
        caller.interrupt();
        assertThat(outcome.join()).isInstanceOf(InterruptedException.class);
        assertThat(echo("still here")).isEqualTo("still here");
        assertThat(closes).hasValue(0);
    }

    @Test
    void whenTheServerGoesOpenCallsFailAndTheOwnerIsToldOnce() throws Exception {
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                client.call(SERVICE, "Hang", Empty.getDefaultInstance(), Empty.parser(), Optional.empty(), Map.of());
            } catch (IOException | InterruptedException e) {
                outcome.complete(e);
            }
        });
        handlerReached.await();
        server.close();
        assertThat(outcome.join()).isInstanceOf(TtrpcClosedException.class);
        await().untilAsserted(() -> assertThat(closes).hasValue(1));
        client.close();
        assertThatThrownBy(() -> echo("late")).isInstanceOf(TtrpcClosedException.class);
        assertThat(closes).hasValue(1);
        assertThat(handlerInterrupted.join()).isTrue();
    }

    @Test
    void whenTheClientGoesItsOpenCallsAreInterrupted() throws Exception {
        Thread.ofVirtual().start(() -> {
            try {
                client.call(SERVICE, "Hang", Empty.getDefaultInstance(), Empty.parser(), Optional.empty(), Map.of());
            } catch (IOException | InterruptedException e) {
                handlerReached.countDown();
            }
        });
        handlerReached.await();
        client.close();
        assertThat(handlerInterrupted.join()).isTrue();
        await().untilAsserted(() -> assertThat(server.connections()).isZero());
    }

    @Test
    void theSocketIsForOwnerAndGroupAndGoesWithTheServer() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.socket())))
                .isEqualTo("rw-rw----");
        server.close();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aSocketSomebodyAnswersOnIsNotTakenOver() {
        assertThatThrownBy(() -> TtrpcServer.listen(server.socket(), List.of())).isInstanceOf(BindException.class);
        assertThat(server.socket()).exists();
    }

    @Test
    void aSocketLeftByADeadServerIsReplaced() throws Exception {
        Path stale = directory.resolve("stale.ttrpc");
        java.nio.channels.ServerSocketChannel dead =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX);
        dead.bind(UnixDomainSocketAddress.of(stale));
        dead.close();
        try (TtrpcServer next = TtrpcServer.listen(stale, List.of())) {
            assertThat(next.socket()).exists();
        }
    }
}
