package io.slipway.snapshotter.unpack;

import io.slipway.cas.Derived;
import io.slipway.cas.Digest;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.InflaterProvider;
import io.slipway.snapshotter.ChainIds;
import io.slipway.snapshotter.ImageUnpack;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.Unpacking;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.layer.WorkGate;
import io.slipway.snapshotter.meta.LayerCommits;
import io.slipway.snapshotter.unpack.LayerJob.JobKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// [ImageUnpack] over the snapshot store. Jobs are kept by chain id while they run and have an owner count:
/// the last asker that leaves stops them.
public final class ChainUnpack implements ImageUnpack {
    private final UnpackTools tools;
    private final String defaultSnapshotter;
    private final Object lock = new Object();
    private final Map<JobKey, Shared> running = new HashMap<>();

    /// A job and how many askers wait for it.
    private static final class Shared {
        final LayerJob job;
        int askers;

        Shared(LayerJob job) {
            this.job = job;
        }
    }

    /// @param defaultSnapshotter taken when a request names none
    /// @param width layers worked on at once; others may wait for their bytes meanwhile
    /// @param notes see [UnpackTools#notes]
    /// @param processors for layers of media types that we don't know
    /// @param layers see [UnpackTools#layers]
    /// @param commits see [UnpackTools#commits]
    public ChainUnpack(
            LayerCommits store,
            String defaultSnapshotter,
            InflaterProvider inflaters,
            HasherProvider hashers,
            Derived derived,
            LayerQuota quota,
            int width,
            NoteMemory notes,
            StreamProcessors processors,
            Executor layers,
            Executor commits) {
        WorkGate gate = new WorkGate(width);
        Decompressors decompressors = new Decompressors(inflaters, new Buffers(), gate, processors);
        this.defaultSnapshotter = defaultSnapshotter;
        this.tools = new UnpackTools(store, decompressors, hashers, gate, notes, quota, derived, layers, commits);
    }

    @Override
    public Unpacking unpack(UnpackRequest request, UnpackListener listener) {
        List<UnpackLayer> unused = new ArrayList<>(request.layers());
        try {
            return begin(request, listener, unused);
        } finally {
            unused.forEach(layer -> layer.arrival().close());
        }
    }

    @Override
    public void require(String snapshotter) {
        SnapshotDriver _ = tools.store().driver(named(snapshotter));
    }

    private Unpacking begin(UnpackRequest request, UnpackListener listener, List<UnpackLayer> unused) {
        String snapshotter = named(request.snapshotter());
        require(snapshotter);
        request.layers()
                .forEach(layer ->
                        tools.decompressors().require(layer.descriptor().mediaType()));
        List<String> names =
                ChainIds.of(request.layers().stream().map(UnpackLayer::diffId).toList());
        Asking asking = new Asking(names.isEmpty() ? "" : names.getLast(), this::leave);
        CompletableFuture<@Nullable Void> below = CompletableFuture.completedFuture(null);
        for (int i = 0; i < names.size(); i++) {
            UnpackLayer layer = request.layers().get(i);
            Asking.Layer heard =
                    new Asking.Layer(listener, i, layer.descriptor().digest());
            JobKey key = new JobKey(
                    request.namespace(),
                    snapshotter,
                    names.get(i),
                    layer.arrival().origin());
            try {
                if (tools.store().keep(key.namespace(), snapshotter, key.name(), request.lease())) {
                    heard.done(true);
                    continue;
                }
            } catch (IOException | RuntimeException e) {
                asking.failed(e);
                break;
            }
            Joined joined =
                    joinOrStart(key, i == 0 ? "" : names.get(i - 1), layer, request.lease(), below, heard, unused);
            LayerJob job = joined.job();
            asking.add(job, heard, joined.fresh() ? Optional.empty() : request.lease(), tools.store());
            below = job.settled();
        }
        asking.whole();
        return asking;
    }

    private record Joined(LayerJob job, boolean fresh) {}

    private Joined joinOrStart(
            JobKey key,
            String parent,
            UnpackLayer layer,
            Optional<String> lease,
            CompletableFuture<@Nullable Void> below,
            Asking.Layer heard,
            List<UnpackLayer> unused) {
        Shared shared;
        boolean fresh = false;
        synchronized (lock) {
            shared = joinable(key);
            if (shared == null) {
                shared = new Shared(new LayerJob(tools, key, parent, layer, lease, below));
                running.put(key, shared);
                fresh = true;
            }
            shared.askers++;
            shared.job.listen(heard);
            if (fresh) {
                unused.remove(layer);
                Shared started = shared;
                var _ = started.job.settled().whenComplete((_, _) -> forget(key, started));
                // Within the lock, so that layers get their threads in the order in which they got their memory.
                started.job.start();
            }
        }
        return new Joined(shared.job, fresh);
    }

    /// The running job for the same snapshot whose bytes may be relied on as on one's own: a bad registry that
    /// stalls or sends rubbish holds up nobody else.
    private @Nullable Shared joinable(JobKey key) {
        Shared same = running.get(key);
        return same != null
                ? same
                : running.entrySet().stream()
                        .filter(entry -> entry.getKey().isSameSnapshot(key)
                                && entry.getValue().job.isVerified())
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElse(null);
    }

    private void forget(JobKey key, Shared ended) {
        synchronized (lock) {
            running.remove(key, ended);
        }
    }

    /// One asker of each of these jobs leaves.
    private void leave(List<LayerJob> jobs) {
        List<LayerJob> unwanted = new ArrayList<>();
        synchronized (lock) {
            for (LayerJob job : jobs) {
                Shared shared = running.get(job.key());
                if (shared != null && shared.job == job && --shared.askers == 0) {
                    running.remove(job.key());
                    unwanted.add(job);
                }
            }
        }
        unwanted.forEach(LayerJob::cancel);
    }

    @Override
    public boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) throws IOException {
        return diffIds.isEmpty()
                || tools.store()
                        .whole(
                                namespace,
                                named(snapshotter),
                                ChainIds.of(diffIds).getLast());
    }

    private String named(String snapshotter) {
        return snapshotter.isEmpty() ? defaultSnapshotter : snapshotter;
    }
}
