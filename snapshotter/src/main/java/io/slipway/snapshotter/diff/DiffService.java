package io.slipway.snapshotter.diff;

import io.slipway.cas.ApiException;
import io.slipway.cas.Cas;
import io.slipway.cas.Descriptor;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Hashers;
import io.slipway.linux.Inflaters;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.layer.WorkGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Layers out of mounts and onto mounts, as containerd's Diff service has them. Thread-safe; calls block.
///
/// A walk holds its thread for as long as the tree is large, so it runs on one of [#THREADS_MAX] threads of its
/// own; more wait. Deflating goes to the pool for bytes.
public final class DiffService implements AutoCloseable {
    /// Walks and applications at once, over all clients.
    public static final int THREADS_MAX = 4;

    private static final Duration IDLE_THREAD = Duration.ofSeconds(5);
    private static final Duration STOP_WAIT = Duration.ofSeconds(5);

    private final RandomGenerator random;
    private final LayerMaker maker;
    private final LayerPlacer placer;
    private final ThreadPoolExecutor threads;

    private DiffService(LayerMaker maker, LayerPlacer placer, RandomGenerator random) {
        this.maker = maker;
        this.placer = placer;
        this.random = random;
        this.threads = new ThreadPoolExecutor(
                THREADS_MAX,
                THREADS_MAX,
                IDLE_THREAD.toMillis(),
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("diff-", 0).daemon().factory());
        this.threads.allowCoreThreadTimeOut(true);
    }

    /// Mounts trees below `<root>/snapshotters/mounts`, and takes away what an earlier run left there.
    ///
    /// @param processors for layers of media types that we don't know
    /// @param notes shared with whoever else unpacks layers
    /// @param bytes packs blocks
    public static DiffService open(
            Path root, Cas cas, LayerQuota quota, StreamProcessors processors, NoteMemory notes, Executor bytes)
            throws IOException {
        Path scratch = root.toAbsolutePath().normalize().resolve("snapshotters").resolve("mounts");
        Files.createDirectories(scratch);
        Mounts system = Mounts.system();
        MountedTree.clean(system, scratch);
        HasherProvider hashers = Hashers.best();
        Buffers buffers = new Buffers();
        WorkGate gate = new WorkGate(THREADS_MAX);
        Decompressors decompressors = new Decompressors(Inflaters.best(), buffers, gate, processors);
        LayerMaker maker =
                new LayerMaker(cas.ingests(), cas.contents(), cas.derived(), hashers, buffers, bytes, system, scratch);
        LayerPlacer placer = new LayerPlacer(
                cas.blobs(),
                cas.contents(),
                cas.derived(),
                decompressors,
                gate,
                notes,
                hashers,
                quota,
                system,
                scratch);
        return new DiffService(maker, placer, new SecureRandom());
    }

    /// Serves containerd's Diff service.
    public void bind(GrpcServices server) {
        new DiffGrpc(this).bind(server);
    }

    Descriptor make(DiffRequest request) throws IOException, InterruptedException {
        String ref = request.ref().isEmpty() ? "diff-" + Long.toHexString(random.nextLong()) : request.ref();
        return run(() -> maker.make(request, ref));
    }

    Descriptor place(PlaceRequest request) throws IOException, InterruptedException {
        return run(() -> placer.place(request));
    }

    /// Runs it on a thread of its own. A caller that is interrupted interrupts it and waits until it has cleaned
    /// up.
    private <T> T run(Callable<T> work) throws IOException, InterruptedException {
        FutureTask<T> task = new FutureTask<>(work);
        Finishing<T> finishing = new Finishing<>(task);
        threads.execute(finishing);
        try {
            return task.get();
        } catch (InterruptedException e) {
            task.cancel(true);
            finishing.await();
            throw e;
        } catch (CancellationException e) {
            throw new ApiException(ApiException.Code.CANCELLED, "the daemon is stopping", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case InterruptedException failure ->
                    throw new ApiException(ApiException.Code.CANCELLED, "the daemon is stopping", failure);
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /// Stops what runs; it cleans up first, within a bound.
    @Override
    public void close() {
        threads.shutdownNow().forEach(queued -> {
            if (queued instanceof Finishing<?> finishing) {
                finishing.drop();
            }
        });
        boolean interrupted = false;
        try {
            boolean _ = threads.awaitTermination(STOP_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            interrupted = true;
        }
        placer.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
