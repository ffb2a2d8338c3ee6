package io.slipway.mirror;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One request and its answer, from the parsed request to the last byte or the cut.
///
/// States: *open*, then exactly once *ended* (answered whole, or given up). While open the client may leave, which
/// runs the hooks of `onGone` once. The response is touched on its event loop only; everything else may be called
/// from any thread.
final class Exchange {

    /// HTTP/2 error of a body that cannot be completed (RFC 9113, 7).
    private static final long INTERNAL_ERROR = 2;

    private final HttpServerRequest request;
    private final Context loop;
    private final MirrorMetrics.Kind kind;
    private final Runnable onEnd;
    private final MirrorMetrics metrics;
    private final long startedNanos = System.nanoTime();
    private final AtomicLong bodyBytes = new AtomicLong();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final List<Runnable> goneHooks = new ArrayList<>(); // guarded by itself
    private boolean gone; // guarded by goneHooks
    private volatile long progressNanos = startedNanos;

    /// Event loop only: binds itself to the response.
    ///
    /// @param onEnd run once, when the exchange has ended
    Exchange(HttpServerRequest request, Context loop, MirrorMetrics.Kind kind, MirrorMetrics metrics, Runnable onEnd) {
        this.request = request;
        this.loop = loop;
        this.kind = kind;
        this.metrics = metrics;
        this.onEnd = onEnd;
        request.exceptionHandler(_ -> leave());
        request.response().exceptionHandler(_ -> leave());
        request.response().closeHandler(_ -> leave());
    }

    /// True for HTTP/1 without TLS, where the kernel can send files by itself.
    boolean takesFiles() {
        return request.version() != HttpVersion.HTTP_2 && !request.isSSL();
    }

    /// Runs on the event loop with the response and hands back what it gives. Completes exceptionally when the
    /// connection is gone.
    CompletableFuture<Void> onLoop(Function<HttpServerResponse, Future<Void>> use) {
        var result = new CompletableFuture<Void>();
        onLoop(use, failure -> {
            if (failure == null) {
                result.complete(null);
            } else {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    /// Runs on the event loop with the response; `done` gets the failure, or null, when what was started there is over.
    void onLoop(Function<HttpServerResponse, Future<Void>> use, Consumer<@Nullable Throwable> done) {
        loop.runOnContext(_ -> {
            Future<Void> started;
            try {
                started = use.apply(request.response());
            } catch (RuntimeException e) {
                // A response that was closed or reset meanwhile refuses every call.
                done.accept(e);
                return;
            }
            started.onComplete(result -> done.accept(result.cause()));
        });
    }

    /// Runs the hook when the client leaves before the end; at once when it has left.
    void onGone(Runnable hook) {
        synchronized (goneHooks) {
            if (!gone) {
                goneHooks.add(hook);
                return;
            }
        }
        hook.run();
    }

    /// True when the client has left.
    boolean isGone() {
        synchronized (goneHooks) {
            return gone;
        }
    }

    private void leave() {
        if (request.response().ended()) {
            // The end has been handed over; whether it arrives, its own write tells.
            return;
        }
        List<Runnable> hooks;
        synchronized (goneHooks) {
            if (gone || ended.get()) {
                return;
            }
            gone = true;
            hooks = List.copyOf(goneHooks);
            goneHooks.clear();
        }
        hooks.forEach(Runnable::run);
    }

    /// Body bytes have been passed on.
    void moved(long bytes) {
        bodyBytes.addAndGet(bytes);
        progressNanos = System.nanoTime();
    }

    /// Cuts the answer when nothing moves for as long as the bound, so that neither side can hold memory for ever.
    void watch(Duration bound) {
        loop.runOnContext(_ -> watchAfter(bound.toNanos(), bound.toNanos()));
    }

    private void watchAfter(long delayNanos, long boundNanos) {
        loop.owner().setTimer(Math.max(1, Duration.ofNanos(delayNanos).toMillis()), _ -> {
            if (ended.get() || isGone()) {
                return;
            }
            long still = System.nanoTime() - progressNanos;
            if (still >= boundNanos) {
                cut();
            } else {
                watchAfter(boundNanos - still, boundNanos);
            }
        });
    }

    /// Ends the answer so that the client cannot take it for whole: HTTP/1 is closed short of Content-Length,
    /// HTTP/2 reset.
    void cut() {
        loop.runOnContext(_ -> {
            if (request.version() == HttpVersion.HTTP_2) {
                request.response().reset(INTERNAL_ERROR);
            } else {
                request.connection().close();
            }
            leave();
        });
    }

    /// Any thread, once: the story is over.
    void end(int status, MirrorMetrics.Source source, boolean complete) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        try {
            metrics.answered(new MirrorMetrics.Answer(
                    kind,
                    status,
                    source,
                    bodyBytes.get(),
                    complete,
                    Duration.ofNanos(System.nanoTime() - startedNanos)));
        } finally {
            onEnd.run();
        }
    }
}
