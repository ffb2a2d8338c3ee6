package io.slipway.cas.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.ContentGrpcService;
import io.slipway.api.services.content.v1.InfoRequest;
import io.slipway.api.services.content.v1.InfoResponse;
import io.slipway.api.services.content.v1.ReadContentRequest;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.streaming.v1.StreamingGrpcClient;
import io.slipway.api.services.streaming.v1.StreamingGrpcService;
import io.slipway.cas.ApiException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class GrpcServicesTest {
    /// Hang bound, not an expectation of speed.
    private static final long HANG_S = 20;

    private final Vertx vertx = Vertx.vertx();
    private final GrpcServer grpc = GrpcServer.server(vertx);
    private final GrpcServices services = new GrpcServices(grpc);
    private HttpServer http;
    private GrpcClient client;

    @BeforeEach
    void listen() throws Exception {
        http = await(vertx.createHttpServer().requestHandler(grpc).listen(0, "127.0.0.1"));
        client = GrpcClient.client(vertx);
    }

    @AfterEach
    void close() throws Exception {
        await(vertx.close());
    }

    @Test
    void unaryHandlerRunsOnAVirtualThreadAndSeesNamespaceAndLease() throws Exception {
        services.unary(ContentGrpcService.Info, (call, request) -> {
            assertThat(Thread.currentThread().isVirtual()).isTrue();
            return info(call.namespace() + "/" + call.lease().orElse("-") + "/" + request.getDigest());
        });
        InfoResponse answer = await(request(ContentGrpcClient.Info).compose(request -> {
            request.headers().set("containerd-namespace", "k8s.io").set("containerd-lease", "l1");
            return request.send(InfoRequest.newBuilder().setDigest("d").build()).compose(response -> response.last());
        }));
        assertThat(answer.getInfo().getDigest()).isEqualTo("k8s.io/l1/d");
    }

    @Test
    void missingNamespaceIsAFailedPrecondition() throws Exception {
        services.unary(ContentGrpcService.Info, (call, _) -> info(call.namespace()));
        assertThat(failure(info(""), "")).isEqualTo("FAILED_PRECONDITION namespace is required: failed precondition");
    }

    @Test
    void malformedNamespaceIsAnInvalidArgument() throws Exception {
        services.unary(ContentGrpcService.Info, (call, _) -> info(call.namespace()));
        assertThat(failure(info(""), "../x")).startsWith("INVALID_ARGUMENT identifier \"../x\" must match ");
    }

    @ParameterizedTest
    @EnumSource(ApiException.Code.class)
    void everyErrorClassBecomesTheStatusOfItsName(ApiException.Code code) throws Exception {
        services.unary(ContentGrpcService.Info, (_, _) -> {
            throw new ApiException(code, "what happened: ä");
        });
        assertThat(failure(info(""), "default")).isEqualTo(code + " what happened: ä");
    }

    @Test
    void aFaultOfTheWorldIsUnknownAndABugIsInternal() throws Exception {
        services.unary(ContentGrpcService.Info, (_, request) -> {
            if (request.getDigest().equals("io")) {
                throw new IOException("disk on fire");
            }
            throw new IllegalStateException("impossible");
        });
        assertThat(failure(info("io"), "default")).isEqualTo("UNKNOWN disk on fire");
        assertThat(failure(info("x"), "default")).isEqualTo("INTERNAL impossible");
    }

    @Test
    void aSlowReaderSlowsItsHandlerDown() throws Exception {
        AtomicLong written = new AtomicLong();
        ByteString chunk = ByteString.copyFrom(new byte[128 * 1024]);
        long total = 256;
        services.serverStream(ContentGrpcService.Read, (_, _, out) -> {
            for (long i = 0; i < total; i++) {
                out.write(ReadContentResponse.newBuilder().setData(chunk).build());
                written.incrementAndGet();
            }
        });
        AtomicLong received = new AtomicLong();
        GrpcClientResponse<ReadContentRequest, ReadContentResponse> response = await(request(ContentGrpcClient.Read)
                // The handler is set by the listener of the response itself: one added from here might come too late.
                .compose(request -> request.send(ReadContentRequest.getDefaultInstance())
                        .map(answer -> {
                            answer.pause();
                            answer.handler(_ -> received.incrementAndGet());
                            answer.fetch(1);
                            return answer;
                        })));
        // The writer has stalled once its count stands still; 32 MiB were on offer.
        AtomicLong last = new AtomicLong(-1);
        Awaitility.await("the writer stalls")
                .pollInterval(Duration.ofMillis(200))
                .atMost(Duration.ofSeconds(HANG_S))
                .until(() -> written.get() > 0 && last.getAndSet(written.get()) == written.get());
        assertThat(written.get()).isLessThan(total / 2);
        response.resume();
        await(response.end());
        assertThat(received.get()).isEqualTo(total);
    }

    @Test
    void bidiEchoesUntilTheClientEnds() throws Exception {
        services.bidi(StreamingGrpcService.Stream, (_, in, out) -> {
            for (Optional<Any> message = in.next(); message.isPresent(); message = in.next()) {
                out.write(message.get());
            }
            out.write(Anys.pack(Empty.getDefaultInstance()));
        });
        AtomicLong received = new AtomicLong();
        Any message = Anys.pack(InfoRequest.getDefaultInstance());
        await(request(StreamingGrpcClient.Stream).compose(request -> {
            for (int i = 0; i < 100; i++) {
                request.write(message);
            }
            request.end();
            return request.response().compose(response -> {
                response.handler(_ -> received.incrementAndGet());
                return response.end();
            });
        }));
        assertThat(received.get()).isEqualTo(101);
    }

    @Test
    void aClientThatGoesAwayInterruptsItsHandler() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        services.unary(ContentGrpcService.Info, (_, _) -> {
            waiting.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            return info("never");
        });
        GrpcClientRequest<InfoRequest, InfoResponse> request = await(request(ContentGrpcClient.Info));
        var _ = request.send(InfoRequest.getDefaultInstance());
        assertThat(waiting.await(HANG_S, TimeUnit.SECONDS)).isTrue();
        request.cancel();
        assertThat(interrupted.await(HANG_S, TimeUnit.SECONDS)).isTrue();
        Awaitility.await("the call is over").until(() -> services.callsInFlight() == 0);
    }

    @Test
    void aConnectionThatBreaksInterruptsTheHandlersOfItsStreams() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        services.serverStream(ContentGrpcService.Read, (_, _, out) -> {
            out.write(ReadContentResponse.getDefaultInstance());
            waiting.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        });
        GrpcClientRequest<ReadContentRequest, ReadContentResponse> request = await(request(ContentGrpcClient.Read));
        var _ = request.send(ReadContentRequest.getDefaultInstance());
        assertThat(waiting.await(HANG_S, TimeUnit.SECONDS)).isTrue();
        await(request.connection().close());
        assertThat(interrupted.await(HANG_S, TimeUnit.SECONDS)).isTrue();
        Awaitility.await("the call is over").until(() -> services.callsInFlight() == 0);
    }

    @Test
    void anysCarryTheBareMessageName() {
        Any any = Anys.pack(InfoRequest.newBuilder().setDigest("d").build());
        assertThat(any.getTypeUrl()).isEqualTo("containerd.services.content.v1.InfoRequest");
        Any prefixed = any.toBuilder()
                .setTypeUrl("type.googleapis.com/" + any.getTypeUrl())
                .build();
        assertThat(Anys.is(prefixed, InfoRequest.getDefaultInstance())).isTrue();
        assertThat(Anys.unpack(prefixed, InfoRequest.parser()).getDigest()).isEqualTo("d");
        Any broken =
                any.toBuilder().setValue(ByteString.copyFrom(new byte[] {1})).build();
        assertThat(catchThrowable(() -> Anys.unpack(broken, InfoRequest.parser())))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("containerd.services.content.v1.InfoRequest");
    }

    private static InfoResponse info(String text) {
        return InfoResponse.newBuilder()
                .setInfo(io.slipway.api.services.content.v1.Info.newBuilder().setDigest(text))
                .build();
    }

    private String failure(InfoResponse digestHolder, String namespace) throws Exception {
        InfoRequest message = InfoRequest.newBuilder()
                .setDigest(digestHolder.getInfo().getDigest())
                .build();
        return await(request(ContentGrpcClient.Info).compose(request -> {
            request.headers().set("containerd-namespace", namespace);
            return request.send(message)
                    .compose(response -> response.end().otherwiseEmpty().map(_ -> {
                        String text = response.statusMessage();
                        return response.status().name() + " " + (text == null ? "" : text);
                    }));
        }));
    }

    private <I, O> Future<GrpcClientRequest<O, I>> request(ServiceMethod<I, O> method) {
        return client.request(SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), method);
    }

    private static <T> T await(Future<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.toCompletionStage().toCompletableFuture().get(HANG_S, TimeUnit.SECONDS);
    }
}
