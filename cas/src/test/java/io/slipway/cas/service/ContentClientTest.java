package io.slipway.cas.service;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.ReadContentRequest;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.content.v1.WriteAction;
import io.slipway.api.services.content.v1.WriteContentRequest;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.testkit.BlobAccess;
import io.slipway.cas.testkit.BlobAccessContract;
import io.slipway.cas.testkit.TestCas;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The contract through the daemon's API: a client of Content over a socket.
@Timeout(60)
final class ContentClientTest extends BlobAccessContract {

    @TempDir
    private Path root;

    @SuppressWarnings("NullAway.Init")
    ContentClientTest() {}

    @Override
    protected BlobAccess access() throws Exception {
        return new Client(new TestCas(root));
    }

    private static final class Client implements BlobAccess {

        private static final int MESSAGE_BYTES_MAX = 16 << 20;
        private static final int CHUNK_BYTES = 200_000;

        private final TestCas store;
        private final Vertx vertx = Vertx.vertx();
        private final HttpServer http;
        private final GrpcClient client;
        private final AtomicInteger refs = new AtomicInteger();

        Client(TestCas store) throws IOException, InterruptedException {
            this.store = store;
            var grpc = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(MESSAGE_BYTES_MAX));
            store.cas().bind(new GrpcServices(grpc));
            http = await(vertx.createHttpServer().requestHandler(grpc).listen(0, "127.0.0.1"));
            client = GrpcClient.client(vertx, new GrpcClientOptions().setMaxMessageSize(MESSAGE_BYTES_MAX));
        }

        /// How a call ended.
        private record Answer<O>(List<O> messages, GrpcStatus status, String text) {}

        private <I extends Message, O> Answer<O> call(ServiceMethod<O, I> method, List<I> messages)
                throws IOException, InterruptedException {
            var received = new ArrayList<O>();
            Future<GrpcClientRequest<I, O>> opened =
                    client.request(SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), method);
            return await(opened.compose(request -> {
                request.headers().set("containerd-namespace", TestCas.NS);
                messages.forEach(request::write);
                request.end();
                return request.response().compose(response -> ended(response, received));
            }));
        }

        private static <I, O> Future<Answer<O>> ended(GrpcClientResponse<I, O> response, List<O> received) {
            response.handler(received::add);
            return response.end()
                    .otherwiseEmpty()
                    .map(_ -> new Answer<>(
                            received,
                            Objects.requireNonNull(response.status()),
                            Optional.ofNullable(response.statusMessage()).orElse("")));
        }

        private static <T> T await(Future<T> future) throws IOException, InterruptedException {
            try {
                return future.toCompletionStage().toCompletableFuture().get(40, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException(e);
            }
        }

        @Override
        public Verdict put(ArrivalRequest request, byte[] body) throws IOException, InterruptedException {
            var messages = new ArrayList<WriteContentRequest>();
            for (int at = 0; at < body.length; at += CHUNK_BYTES) {
                messages.add(WriteContentRequest.newBuilder()
                        .setAction(WriteAction.WRITE)
                        .setOffset(at)
                        .setData(ByteString.copyFrom(body, at, Math.min(CHUNK_BYTES, body.length - at)))
                        .build());
            }
            messages.add(WriteContentRequest.newBuilder()
                    .setAction(WriteAction.COMMIT)
                    .setOffset(body.length)
                    .build());
            // Who is this, and what will it be: the first message says so.
            messages.set(
                    0,
                    messages.getFirst().toBuilder()
                            .setRef("put-" + refs.incrementAndGet())
                            .setTotal(request.size().orElse(0))
                            .setExpected(request.digest().toString())
                            .build());
            var answer = call(ContentGrpcClient.Write, messages);
            return switch (answer.status().name()) {
                case "OK", "ALREADY_EXISTS" -> new Verdict.Verified(body.length);
                case "FAILED_PRECONDITION" -> new Verdict.Rejected(answer.text());
                default -> new Verdict.Failed(new IOException(answer.status() + " " + answer.text()));
            };
        }

        @Override
        public Optional<byte[]> read(Digest digest, long from, int length) throws IOException, InterruptedException {
            var answer = call(
                    ContentGrpcClient.Read,
                    List.of(ReadContentRequest.newBuilder()
                            .setDigest(digest.toString())
                            .setOffset(from)
                            .setSize(length)
                            .build()));
            if (answer.status() == GrpcStatus.NOT_FOUND) {
                return Optional.empty();
            }
            if (answer.status() != GrpcStatus.OK) {
                throw new IOException(answer.status() + " " + answer.text());
            }
            var bytes = new ByteArrayOutputStream();
            for (ReadContentResponse message : answer.messages()) {
                message.getData().writeTo(bytes);
            }
            return Optional.of(bytes.toByteArray());
        }

        @Override
        public void close() throws IOException {
            try {
                await(vertx.close());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            store.close();
        }
    }
}
