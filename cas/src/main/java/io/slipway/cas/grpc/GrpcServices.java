package io.slipway.cas.grpc;

import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerRequest;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Binds blocking handlers to the methods of one gRPC server.
///
/// Each call runs on a virtual thread of its own, at most [#CALLS_IN_FLIGHT_MAX] at a time (streams that stay open,
/// such as event subscriptions and waits, count); beyond that a call is refused with RESOURCE_EXHAUSTED. Binding is
/// done
/// once, before the server listens, from one thread.
public final class GrpcServices {
    /// How many calls may be open at once over all connections.
    public static final int CALLS_IN_FLIGHT_MAX = 8192;

    private final GrpcServer server;
    private final AtomicInteger inFlight = new AtomicInteger();

    /// Handlers bound here answer on `server`.
    public GrpcServices(GrpcServer server) {
        this.server = server;
    }

    /// One request, one response.
    public interface Unary<A, B> {
        /// Answers `request`.
        B handle(Call call, A request) throws IOException, InterruptedException;
    }

    /// One request, a stream of responses that ends when the handler returns.
    public interface ServerStream<A, B> {
        /// Answers `request` with what it writes to `out`.
        void handle(Call call, A request, Out<B> out) throws IOException, InterruptedException;
    }

    /// Streams in both directions; the response ends when the handler returns.
    public interface Bidi<A, B> {
        /// Reads `in` and writes `out` in any interleaving.
        void handle(Call call, In<A> in, Out<B> out) throws IOException, InterruptedException;
    }

    /// Serves `method` with `handler`.
    public <A, B> void unary(ServiceMethod<A, B> method, Unary<A, B> handler) {
        serve(method, exchange -> {
            A request = exchange.only();
            exchange.write(handler.handle(exchange.call(), request));
        });
    }

    /// Serves `method` with `handler`.
    public <A, B> void serverStream(ServiceMethod<A, B> method, ServerStream<A, B> handler) {
        serve(method, exchange -> handler.handle(exchange.call(), exchange.only(), exchange));
    }

    /// Serves `method` with `handler`.
    public <A, B> void bidi(ServiceMethod<A, B> method, Bidi<A, B> handler) {
        serve(method, exchange -> handler.handle(exchange.call(), exchange, exchange));
    }

    /// Calls open right now.
    public int callsInFlight() {
        return inFlight.get();
    }

    private interface Story<A, B> {
        void tell(Exchange<A, B> exchange) throws IOException, InterruptedException;
    }

    private <A, B> void serve(ServiceMethod<A, B> method, Story<A, B> story) {
        server.callHandler(method, (GrpcServerRequest<A, B> request) -> {
            Exchange<A, B> exchange = new Exchange<>(request);
            if (inFlight.incrementAndGet() > CALLS_IN_FLIGHT_MAX) {
                inFlight.decrementAndGet();
                exchange.refuse("too many calls in flight; close streams that are not needed");
                return;
            }
            exchange.run(
                    method.fullMethodName(),
                    () -> story.tell(exchange),
                    (Optional<Throwable> _) -> inFlight.decrementAndGet());
        });
    }

    interface Body {
        void run() throws IOException, InterruptedException;
    }

    /// Told once when a call is over.
    interface Ended extends Consumer<Optional<Throwable>> {}
}
