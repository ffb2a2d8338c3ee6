package io.slipway.daemon;

import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Waits for what Vert.x does, with a limit. Not on an event loop.
final class Bound {
    /// Binding a listener takes milliseconds; this much later something is wrong.
    static final Duration LISTEN = Duration.ofSeconds(10);

    private Bound() {}

    /// For closing: as [#await], an interruption is kept for the caller's thread.
    static void close(Future<?> future, Duration limit) throws IOException {
        try {
            await(future, limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    static <T> T await(Future<T> future, Duration limit) throws Exception {
        try {
            return future.toCompletionStage().toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        } catch (TimeoutException e) {
            throw new TimeoutException("not done after " + limit.toSeconds() + " s");
        }
    }
}
