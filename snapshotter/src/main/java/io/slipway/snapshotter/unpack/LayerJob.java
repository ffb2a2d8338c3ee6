package io.slipway.snapshotter.unpack;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import io.slipway.linux.Hasher;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.layer.Decompressor;
import io.slipway.snapshotter.layer.LayerApply;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LayerStream;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.meta.LayerCommits;
import io.slipway.snapshotter.meta.LayerSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// One layer on its way to one committed snapshot.
///
/// *waiting* (in the queue) → *applying* (on a thread of its own, into a staged directory) → *applied* (bytes
/// and diff id verified) → once the layer below is committed: *linked* and *committed*; or *failed*. However
/// it ends, the staged directory, the arrival and its notes are gone before [#settled] completes. Nothing is visible
/// before the commit.
final class LayerJob {
    /// Listeners hear of progress at most once per this many uncompressed bytes.
    private static final long PROGRESS_BYTES = 1 << 20;

    private final UnpackTools tools;
    private final JobKey key;
    private final String parent;
    private final UnpackLayer layer;
    private final Optional<String> lease;
    private final NoteBudget notes;
    private final CompletableFuture<@Nullable Void> below;
    private final CompletableFuture<@Nullable Void> settled = new CompletableFuture<>();
    private final List<Listening> listeners = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private @Nullable Thread applying;
    private boolean cancelled;

    /// Who wants which snapshot, and who is answerable for its layer's bytes
    /// ([io.slipway.cas.Arrival#origin]); the same for all askers of a job, unless the bytes are verified.
    record JobKey(String namespace, String snapshotter, String name, String origin) {
        boolean isSameSnapshot(JobKey other) {
            return namespace.equals(other.namespace)
                    && snapshotter.equals(other.snapshotter)
                    && name.equals(other.name);
        }
    }

    /// Hears of one job on behalf of one asker.
    interface Listening {
        void started();

        void progress(long bytes);
    }

    private record Applied(SnapshotDriver.Staged staged, LayerNotes notes) {}

    /// @param parent name of the snapshot below, empty for none
    /// @param below completes when it is committed
    LayerJob(
            UnpackTools tools,
            JobKey key,
            String parent,
            UnpackLayer layer,
            Optional<String> lease,
            CompletableFuture<@Nullable Void> below) {
        this.tools = tools;
        this.key = key;
        this.parent = parent;
        this.layer = layer;
        this.lease = lease;
        this.notes = tools.notes().open(tools.gate());
        this.below = below;
    }

    JobKey key() {
        return key;
    }

    /// Whether the layer's bytes are known to be what its digest says.
    boolean isVerified() {
        return layer.arrival().verdict().getNow(null) instanceof Verdict.Verified;
    }

    /// Completes when the snapshot is committed, or exceptionally with what the askers are told.
    CompletableFuture<@Nullable Void> settled() {
        return settled;
    }

    void listen(Listening listening) {
        listeners.add(listening);
    }

    void start() {
        CompletableFuture<Applied> applied = new CompletableFuture<>();
        tools.layers().execute(() -> apply(applied));
        var _ = below.whenComplete((_, failure) -> {
            if (failure != null) {
                cancel();
            }
            var _ = applied.whenCompleteAsync(
                    (result, ownFailure) -> finish(result, ownFailure, failure), tools.commits());
        });
    }

    /// Nobody wants it any more. Returns at once; [#settled] completes when everything is cleaned up.
    void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (applying != null) {
                applying.interrupt();
            }
        }
    }

    private void apply(CompletableFuture<Applied> result) {
        synchronized (lock) {
            if (cancelled) {
                result.completeExceptionally(new InterruptedException());
                return;
            }
            applying = Thread.currentThread();
        }
        Applied done = null;
        Throwable failure = null;
        try {
            done = apply();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            failure = e;
        }
        synchronized (lock) {
            applying = null;
            // The thread is the pool's: a late interrupt must not hit the next layer.
            boolean _ = Thread.interrupted();
        }
        if (failure != null || done == null) {
            result.completeExceptionally(failure == null ? new IllegalStateException("nothing applied") : failure);
        } else {
            result.complete(done);
        }
    }

    private Applied apply() throws IOException, InterruptedException {
        listeners.forEach(Listening::started);
        SnapshotDriver driver = tools.store().driver(key.snapshotter());
        SnapshotDriver.Staged staged = driver.stage(SnapshotKind.COMMITTED, List.of());
        try {
            LayerNotes notes = unpackInto(staged);
            verdict();
            return new Applied(staged, notes);
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            staged.close();
            throw e;
        }
    }

    private LayerNotes unpackInto(SnapshotDriver.Staged staged) throws IOException, InterruptedException {
        tools.gate().enter(layer.descriptor().size());
        try (Decompressor bytes = tools.decompressors().open(layer.descriptor(), layer.arrival(), Map.of());
                Hasher hasher = tools.hashers().open(layer.diffId().algorithm().id());
                LayerSink sink = staged.sink(tools.quota(), notes)) {
            LayerStream stream = new LayerStream(bytes, hasher, tools.quota(), progress());
            LayerNotes notes = LayerApply.run(stream, sink, tools.quota());
            Digest actual = Digest.of(layer.diffId().algorithm(), hasher.digest());
            if (!actual.equals(layer.diffId())) {
                throw LayerFailures.wrongDiffId(digest(), layer.diffId(), actual);
            }
            long bytesUnpacked = stream.bytes();
            listeners.forEach(listening -> listening.progress(bytesUnpacked));
            return notes;
        } finally {
            tools.gate().leave();
        }
    }

    private LongConsumer progress() {
        return new LongConsumer() {
            private long told;

            @Override
            public void accept(long bytes) {
                if (bytes - told >= PROGRESS_BYTES) {
                    told = bytes;
                    listeners.forEach(listening -> listening.progress(bytes));
                }
            }
        };
    }

    private void verdict() throws IOException, InterruptedException {
        if (layer.arrival().await() instanceof Verdict.Rejected rejected) {
            throw LayerFailures.rejected(digest(), rejected);
        }
        layer.arrival().awaitVerified();
    }

    private void finish(@Nullable Applied applied, @Nullable Throwable failure, @Nullable Throwable belowFailure) {
        Throwable told = failure == null ? null : LayerFailures.of(digest(), better(failure));
        if (belowFailure != null) {
            told = belowFailure instanceof CompletionException e && e.getCause() != null ? e.getCause() : belowFailure;
        }
        if (applied != null) {
            try (SnapshotDriver.Staged staged = applied.staged()) {
                if (told == null) {
                    commit(staged, applied.notes());
                }
            } catch (IOException | InterruptedException | RuntimeException | Error e) {
                told = LayerFailures.of(digest(), e);
            }
        }
        layer.arrival().close();
        notes.close();
        if (told == null) {
            settled.complete(null);
        } else {
            settled.completeExceptionally(told);
        }
    }

    /// Damaged bytes are first of all not the blob that was asked for, where that is known already.
    private Throwable better(Throwable failure) {
        Verdict known = layer.arrival().verdict().getNow(null);
        boolean cancelledNow = failure instanceof InterruptedException;
        return known instanceof Verdict.Rejected rejected && !cancelledNow
                ? LayerFailures.rejected(digest(), rejected)
                : failure;
    }

    private void commit(SnapshotDriver.Staged staged, LayerNotes notes) throws IOException, InterruptedException {
        synchronized (lock) {
            if (cancelled) {
                throw new ApiException(ApiException.Code.CANCELLED, "layer " + digest() + ": unpacking was cancelled");
            }
        }
        staged.link(notes, tools.store().directories(key.namespace(), key.snapshotter(), parent));
        LayerSource source = new LayerSource(layer.descriptor(), layer.diffId());
        Map<String, String> labels = Map.of("containerd.io/snapshot.ref", key.name());
        boolean _ = tools.store()
                .commit(
                        new LayerCommits.Layer(
                                key.namespace(), key.snapshotter(), key.name(), parent, staged, source, labels),
                        lease);
        tools.derived().put(digest(), "diffid", layer.diffId().toString().getBytes(StandardCharsets.US_ASCII));
    }

    private Digest digest() {
        return layer.descriptor().digest();
    }
}
