package io.slipway.mirror;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/// One run of the same work however many ask at once. The work belongs to nobody: an asker that leaves does not
/// stop it. Bounded by the requests that may be answered at once, since only they start flights.
final class Flights<T> {

    private final ConcurrentHashMap<String, CompletableFuture<T>> running = new ConcurrentHashMap<>();
    private final Executor threads;

    /// @param threads starts a thread of its own for each run
    Flights(Executor threads) {
        this.threads = threads;
    }

    /// The result of the run for this key that is under way, or of a new one. Callers wait on it as long as they
    /// like and never complete it.
    CompletableFuture<T> join(String key, Callable<T> work) {
        var mine = new CompletableFuture<T>();
        CompletableFuture<T> other = running.putIfAbsent(key, mine);
        if (other != null) {
            return other;
        }
        try {
            threads.execute(() -> run(key, work, mine));
        } catch (RuntimeException e) {
            running.remove(key, mine);
            mine.completeExceptionally(e);
        }
        return mine;
    }

    private void run(String key, Callable<T> work, CompletableFuture<T> result) {
        try {
            T value = work.call();
            // Removed first: whoever sees the result and asks again starts a new run.
            running.remove(key, result);
            result.complete(value);
        } catch (Throwable e) {
            running.remove(key, result);
            result.completeExceptionally(e);
            if (e instanceof Error error) {
                throw error;
            }
        }
    }
}
