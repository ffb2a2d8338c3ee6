package io.slipway.cas.grpc;

import io.slipway.cas.ApiException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.GrpcServerResponse;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One call under way: the meeting point of the connection's event loop, which moves messages, and the handler's
/// virtual thread, which tells the story.
///
/// The event loop hands over one message at a time: the request stream is paused and one more message is fetched when
/// the handler has taken the last, so that what a client sends ahead stays in the transport's windows.
final class Exchange<A, B> implements In<A>, Out<B> {
    private static final Logger log = LoggerFactory.getLogger(Exchange.class);
    /// A message, the end and a cancellation can stand in the queue at once; never two messages.
    private static final int HANDOVER_SLOTS = 3;

    private sealed interface Signal<T> {
        record Message<T>(T value) implements Signal<T> {}

        record End<T>() implements Signal<T> {}
    }

    private final GrpcServerRequest<A, B> request;
    private final GrpcServerResponse<A, B> response;
    private final Context context;
    private final Call call;
    private final BlockingQueue<Signal<A>> incoming = new ArrayBlockingQueue<>(HANDOVER_SLOTS);
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    /// Handler thread only.
    private boolean ended;

    private volatile boolean cancelled;

    Exchange(GrpcServerRequest<A, B> request) {
        this.request = request;
        this.response = request.response();
        this.context = Objects.requireNonNull(Vertx.currentContext(), "calls arrive on an event loop");
        this.call = new Call(request.headers());
        request.pause();
        request.handler(message -> incoming.add(new Signal.Message<>(message)));
        request.endHandler(_ -> incoming.add(new Signal.End<>()));
        request.exceptionHandler(_ -> cancel());
        request.errorHandler(_ -> cancel());
        response.exceptionHandler(_ -> cancel());
        request.fetch(1);
    }

    Call call() {
        return call;
    }

    @Override
    public Optional<A> next() throws InterruptedException {
        if (ended) {
            return Optional.empty();
        }
        return switch (incoming.take()) {
            case Signal.Message<A>(A value) -> {
                context.runOnContext(_ -> request.fetch(1));
                yield Optional.of(value);
            }
            case Signal.End<A>() -> {
                ended = true;
                yield Optional.empty();
            }
        };
    }

    /// The one message of a call that has exactly one.
    A only() throws InterruptedException {
        return next().orElseThrow(() ->
                new ApiException(ApiException.Code.INTERNAL, "the call ended before its request message"));
    }

    @Override
    public void write(B message) throws InterruptedException {
        CompletableFuture<Void> taken = new CompletableFuture<>();
        context.runOnContext(_ -> {
            if (cancelled) {
                taken.completeExceptionally(new ClientGone());
                return;
            }
            Future<Void> written = response.write(message);
            written.onComplete(result -> {
                if (result.failed()) {
                    // The stream is closed: nothing more may be sent on it, not even its end.
                    cancelled = true;
                    taken.completeExceptionally(result.cause());
                } else if (response.writeQueueFull()) {
                    response.drainHandler(_ -> taken.complete(null));
                } else {
                    taken.complete(null);
                }
            });
        });
        try {
            taken.get();
        } catch (ExecutionException e) {
            throw (InterruptedException) new InterruptedException("the client is gone").initCause(e.getCause());
        }
    }

    /// Runs `body` on a virtual thread and turns its end into the status of the call. Event loop only.
    void run(String method, GrpcServices.Body body, GrpcServices.Ended whenOver) {
        Thread story = Thread.ofVirtual().name("grpc " + method).unstarted(() -> {
            try {
                body.run();
                finish(GrpcStatus.OK, "");
                whenOver.accept(Optional.empty());
            } catch (Throwable e) {
                fail(method, e);
                whenOver.accept(Optional.of(e));
            }
        });
        thread.set(story);
        story.start();
    }

    void refuse(String why) {
        response.status(GrpcStatus.RESOURCE_EXHAUSTED).statusMessage(why).end();
    }

    private void cancel() {
        cancelled = true;
        Thread story = thread.get();
        if (story != null) {
            story.interrupt();
        }
    }

    private void fail(String method, Throwable cause) {
        Status status = Status.of(cause, cancelled);
        if (status.isBug()) {
            log.atError()
                    .addKeyValue("method", method)
                    .setCause(cause)
                    .log("A call failed in a way that was not foreseen.");
        }
        finish(status.code(), status.message());
    }

    private void finish(GrpcStatus status, String message) {
        context.runOnContext(_ -> {
            if (!cancelled) {
                response.status(status);
                if (!message.isEmpty()) {
                    response.statusMessage(message);
                }
                response.end();
            }
        });
    }

    private static final class ClientGone extends Exception {
        private static final long serialVersionUID = 1;
    }
}
