package io.slipway.snapshotter.unpack;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.Unpacking;
import io.slipway.snapshotter.meta.LayerCommits;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One asker's share in the jobs of an image. The first failure, and [#cancel], make it leave them all.
final class Asking implements Unpacking {
    private final String top;
    private final Consumer<List<LayerJob>> leave;
    private final List<LayerJob> jobs = new ArrayList<>();
    private final List<CompletableFuture<@Nullable Void>> parts = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean left = new AtomicBoolean();
    private volatile @Nullable List<LayerJob> all;

    Asking(String top, Consumer<List<LayerJob>> leave) {
        this.top = top;
        this.leave = leave;
    }

    /// What one listener hears of one layer.
    record Layer(UnpackListener listener, int index, Digest digest) implements LayerJob.Listening {
        @Override
        public void started() {
            listener.started(index, digest);
        }

        @Override
        public void progress(long bytes) {
            listener.progress(index, digest, bytes);
        }

        void done(boolean already) {
            listener.done(index, digest, already);
        }
    }

    /// While it is put together, by one thread. The snapshot of a job that another request started joins
    /// `lease`; the one that started it gives none here.
    void add(LayerJob job, Layer heard, Optional<String> lease, LayerCommits store) {
        jobs.add(job);
        parts.add(job.settled().thenAccept(_ -> {
            try {
                if (lease.isPresent()) {
                    boolean _ = store.keep(
                            job.key().namespace(),
                            job.key().snapshotter(),
                            job.key().name(),
                            lease);
                }
            } catch (IOException e) {
                throw new CompletionException(e);
            }
            heard.done(false);
        }));
    }

    void failed(Throwable e) {
        failure.compareAndSet(null, e);
    }

    /// No further layers come.
    void whole() {
        all = List.copyOf(jobs);
        for (CompletableFuture<@Nullable Void> part : parts) {
            var _ = part.whenComplete((_, e) -> {
                if (e != null) {
                    failed(
                            e instanceof CompletionException wrapped && wrapped.getCause() != null
                                    ? wrapped.getCause()
                                    : e);
                    leaveAll();
                }
            });
        }
        if (failure.get() != null) {
            leaveAll();
        }
    }

    private void leaveAll() {
        List<LayerJob> mine = all;
        if (mine != null && left.compareAndSet(false, true)) {
            leave.accept(mine);
        }
    }

    @Override
    public String await() throws IOException, InterruptedException {
        for (CompletableFuture<@Nullable Void> part : parts) {
            try {
                part.get();
            } catch (ExecutionException e) {
                // The first failure in time is told below, when nothing of this asker's runs any more.
                failed(e.getCause() == null ? e : e.getCause());
            }
        }
        Throwable told = failure.get();
        if (told == null) {
            return top;
        }
        if (told instanceof ApiException e) {
            throw e;
        }
        throw told instanceof IOException e ? e : new IOException("unpacking failed: " + told.getMessage(), told);
    }

    @Override
    public void cancel() {
        failed(new ApiException(ApiException.Code.CANCELLED, "unpacking was cancelled"));
        leaveAll();
    }
}
