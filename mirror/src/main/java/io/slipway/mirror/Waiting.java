package io.slipway.mirror;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Bounded waits of a story for work that others do.
final class Waiting {

    private Waiting() {}

    /// The result, or empty when it took longer; what the work threw is thrown here. The work goes on either way.
    static <T> Optional<T> atMost(Duration bound, CompletableFuture<T> work) throws IOException, InterruptedException {
        try {
            return Optional.of(work.get(bound.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    private static IOException rethrown(@Nullable Throwable cause) throws IOException, InterruptedException {
        switch (cause) {
            case IOException io -> throw io;
            case InterruptedException _ -> throw new IOException("the work was interrupted", cause);
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> throw new IOException("the work failed", cause);
        }
    }
}
