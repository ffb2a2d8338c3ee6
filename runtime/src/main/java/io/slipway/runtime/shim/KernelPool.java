package io.slipway.runtime.shim;

import io.slipway.cas.ApiException;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/// The small pool of platform threads for short kernel work of tasks: directories, FIFOs, mounts, spawning. It is
/// never
/// shared with bulk work, so a task call does not queue behind a pull.
///
/// A job is all or nothing to its caller: it runs to its end even when the caller is interrupted meanwhile, and the
/// interrupt is seen afterwards. Jobs are short; waiting for other processes is not done on the pool.
public final class KernelPool {
    private final Executor threads;

    /// Runs jobs on `threads`, which belong to the caller.
    public KernelPool(Executor threads) {
        this.threads = threads;
    }

    /// Work that may fail as file work does.
    public interface Job<T> {
        /// Does it.
        T run() throws IOException;
    }

    /// Work without a result.
    public interface Step {
        /// Does it.
        void run() throws IOException;
    }

    /// Runs `job` on the pool and waits for it.
    ///
    /// @throws ApiException UNAVAILABLE when the pool takes no more work
    public <T> T run(Job<T> job) throws IOException {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    result.complete(job.run());
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            throw new ApiException(ApiException.Code.UNAVAILABLE, "too much task work at once, or stopping", e);
        }
        return outcome(result);
    }

    /// Runs `step` on the pool and waits for it.
    public void step(Step step) throws IOException {
        Boolean done = run(() -> {
            step.run();
            return true;
        });
        if (!done) {
            throw new IllegalStateException("a step reported what it cannot");
        }
    }

    private static <T> T outcome(CompletableFuture<T> result) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (CancellationException e) {
                    throw new IOException("the pool dropped its work", e);
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case IOException cause -> throw cause;
                        case RuntimeException cause -> throw cause;
                        case Error cause -> throw cause;
                        case null, default -> throw new IOException(e.getCause());
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
