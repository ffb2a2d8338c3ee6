package io.slipway.daemon;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// The two bounded pools of platform threads. Work that holds its thread (native calls, file I/O) goes
/// there and nowhere else: *bytes* for hashing and the like, *kernel* for mounts, children and shim calls,
/// so that a task call never queues behind bulk work. Idle threads end.
final class Pools implements AutoCloseable {
    private static final int KERNEL_THREADS = 8;
    private static final Duration IDLE = Duration.ofSeconds(10);

    private final ThreadPoolExecutor bytes =
            pool("bytes", Math.max(2, Runtime.getRuntime().availableProcessors()));
    private final ThreadPoolExecutor kernel = pool("kernel", KERNEL_THREADS);

    ThreadPoolExecutor bytes() {
        return bytes;
    }

    ThreadPoolExecutor kernel() {
        return kernel;
    }

    @Override
    public void close() {
        bytes.shutdownNow();
        kernel.shutdownNow();
    }

    /// The queue has no bound of its own: each module bounds what it has under way.
    private static ThreadPoolExecutor pool(String name, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE.toMillis(),
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name(name + "-", 0).factory());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
