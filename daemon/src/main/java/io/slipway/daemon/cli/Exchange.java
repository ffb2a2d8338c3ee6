package io.slipway.daemon.cli;

import io.vertx.core.Future;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcErrorException;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One call under way. The response is read with [#next], one message at a time: the next one is asked for only then,
/// so that a reader that is slow (a pipe nobody empties) holds the daemon back instead of filling memory.
///
/// Used by one thread at a time; [#close] cancels what has not ended.
final class Exchange<Q, A> implements AutoCloseable {
    private sealed interface Event<A> {
        record Message<A>(A message) implements Event<A> {}

        record End<A>(GrpcStatus status, String text) implements Event<A> {}

        record Broken<A>(Throwable cause) implements Event<A> {}
    }

    private final GrpcClientRequest<Q, A> request;
    // At most one message (asked for one by one), one end and one failure.
    private final LinkedBlockingQueue<Event<A>> events = new LinkedBlockingQueue<>();
    private volatile @Nullable GrpcClientResponse<Q, A> response;
    private boolean ended;
    private boolean asked;

    Exchange(GrpcClientRequest<Q, A> request) {
        this.request = request;
        request.exceptionHandler(failure -> events.add(new Event.Broken<>(failure)));
        request.response().onComplete(this::begin, failure -> events.add(new Event.Broken<>(failure)));
    }

    // event loop only
    private void begin(GrpcClientResponse<Q, A> started) {
        started.pause();
        started.handler(message -> events.add(new Event.Message<>(message)));
        started.exceptionHandler(failure -> events.add(new Event.Broken<>(failure)));
        started.endHandler(_ -> {
            GrpcStatus status = started.status();
            String text = started.statusMessage();
            events.add(new Event.End<>(status == null ? GrpcStatus.UNKNOWN : status, text == null ? "" : text));
        });
        response = started;
        // One message of credit from the start; with it an answer without messages reports its end, too.
        started.fetch(1);
    }

    /// Sends a request and leaves the stream open for more.
    void send(Q message) {
        unlessOver(() -> request.write(message));
    }

    /// Sends the last request.
    void sendLast(Q message) {
        unlessOver(() -> request.end(message));
    }

    /// Ends the requests.
    void endRequests() {
        unlessOver(request::end);
    }

    /// The daemon may have ended the call meanwhile, which reading it tells.
    private static void unlessOver(Supplier<Future<Void>> sending) {
        try {
            var _ = sending.get();
        } catch (IllegalStateException _) {
            // Vert.x refuses to write to a call that is over.
        }
    }

    /// The only message of an answer that has one.
    A only(Duration limit) throws CallFailed, InterruptedException {
        A message = within(limit)
                .orElseThrow(() -> new CallFailed(GrpcStatus.INTERNAL, "the daemon answered without a message"));
        if (within(limit).isPresent()) {
            throw new CallFailed(GrpcStatus.INTERNAL, "the daemon answered with more than one message");
        }
        return message;
    }

    private Optional<A> within(Duration limit) throws CallFailed, InterruptedException {
        Optional<Optional<A>> next = poll(limit);
        return next.orElseThrow(() ->
                new CallFailed(GrpcStatus.DEADLINE_EXCEEDED, "the daemon did not answer within " + Text.span(limit)));
    }

    /// The next message; empty at the end of the stream. Waits as long as it takes.
    Optional<A> next() throws CallFailed, InterruptedException {
        while (true) {
            Optional<Optional<A>> next = poll(Duration.ofDays(1));
            if (next.isPresent()) {
                return next.get();
            }
        }
    }

    /// The next message (`Optional.of(Optional.of(m))`), the end of the stream (`Optional.of(Optional.empty())`), or
    /// nothing yet (`Optional.empty()`) after `limit`.
    Optional<Optional<A>> poll(Duration limit) throws CallFailed, InterruptedException {
        if (ended) {
            return Optional.of(Optional.empty());
        }
        if (asked) {
            asked = false;
            GrpcClientResponse<Q, A> from = response;
            if (from != null) {
                from.fetch(1);
            }
        }
        Event<A> event = events.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
        return switch (event) {
            case null -> Optional.empty();
            case Event.Message<A>(A message) -> {
                asked = true;
                yield Optional.of(Optional.of(message));
            }
            case Event.End<A>(GrpcStatus status, String text) -> {
                ended = true;
                if (status != GrpcStatus.OK) {
                    throw new CallFailed(status, text);
                }
                yield Optional.of(Optional.empty());
            }
            case Event.Broken<A>(Throwable cause) -> {
                ended = true;
                throw cause instanceof GrpcErrorException refused
                                && refused.status() != null
                                && refused.status() != GrpcStatus.OK
                        ? new CallFailed(
                                refused.status(), "the daemon ended the call with " + refused.status(), refused)
                        : Connection.lost(cause);
            }
        };
    }

    @Override
    public void close() {
        if (!ended) {
            ended = true;
            request.cancel();
        }
    }
}
