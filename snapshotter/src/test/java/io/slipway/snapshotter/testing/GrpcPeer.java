package io.slipway.snapshotter.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.grpc.GrpcServices;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// A gRPC server on the loopback interface and a client that calls it.
public final class GrpcPeer implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final GrpcClient client = GrpcClient.client(vertx);
    private final HttpServer http;

    /// What a call was answered with.
    public record Answer<O>(List<O> messages, GrpcStatus status, String text) {
        public O only() {
            assertThat(status).as(text).isEqualTo(GrpcStatus.OK);
            return messages.getFirst();
        }

        public void refused(GrpcStatus code, String what) {
            assertThat(status).as(text).isEqualTo(code);
            assertThat(text).contains(what);
        }
    }

    /// @param services binds what the server has
    public GrpcPeer(Consumer<GrpcServices> services) throws Exception {
        GrpcServer grpc = GrpcServer.server(vertx);
        services.accept(new GrpcServices(grpc));
        this.http = await(vertx.createHttpServer().requestHandler(grpc).listen(0, "127.0.0.1"));
    }

    /// Calls and waits for the end of the answer.
    public <I, O> Answer<O> call(ServiceMethod<O, I> method, I message, Map<String, String> headers)
            throws InterruptedException, ExecutionException, TimeoutException {
        SocketAddress address = SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1");
        return await(client.request(address, method).compose(request -> {
            request.headers().setAll(headers);
            List<O> messages = new ArrayList<>();
            return request.send(message).compose(response -> {
                response.handler(messages::add);
                return response.end().otherwiseEmpty().map(_ -> {
                    String trailer = response.trailers().get("grpc-message");
                    String text = response.statusMessage() != null ? response.statusMessage() : trailer;
                    return new Answer<>(
                            messages,
                            response.status(),
                            URLDecoder.decode(text == null ? "" : text.replace("+", "%2B"), StandardCharsets.UTF_8));
                });
            });
        }));
    }

    private static <T> T await(Future<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        try {
            Void _ = await(vertx.close());
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IOException("the server or its client did not stop", e);
        }
    }
}
