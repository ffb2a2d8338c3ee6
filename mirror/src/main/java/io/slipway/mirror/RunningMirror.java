package io.slipway.mirror;

import io.slipway.cas.BlobStore;
import io.slipway.cas.CacheIndex;
import io.slipway.cas.Contents;
import io.slipway.cas.Metadata;
import io.slipway.puller.Upstreams;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// The mirror, put together by hand.
final class RunningMirror implements Mirror {

    /// Threads that read files for transports that cannot send them; reads come from the page cache or one
    /// disk.
    private static final int DISK_THREADS = 4;

    /// How long stopping waits for records of blobs that have just become whole.
    private static final Duration SETTLING = Duration.ofSeconds(1);

    private final MirrorLimits limits;
    private final InflightBudget budget;
    private final ExecutorService disk;
    private final ExecutorService stories;
    private final AtomicInteger active;
    private final Listeners listeners;
    private final AtomicBoolean stopped = new AtomicBoolean();

    /// The parts of the store that the mirror uses.
    record Store(BlobStore blobs, Contents contents, CacheIndex cache, Metadata metadata) {}

    private RunningMirror(
            MirrorLimits limits,
            InflightBudget budget,
            ExecutorService disk,
            ExecutorService stories,
            AtomicInteger active,
            Listeners listeners) {
        this.limits = limits;
        this.budget = budget;
        this.disk = disk;
        this.stories = stories;
        this.active = active;
        this.listeners = listeners;
    }

    static RunningMirror start(Vertx vertx, Store store, Upstreams upstreams, MirrorOptions options)
            throws IOException, InterruptedException {
        MirrorLimits limits = options.limits();
        var rule = new UpstreamRule(options.upstreams(), options.configured().or(upstreams::hasOwnDirectory));
        var budget = new InflightBudget(limits);
        ExecutorService disk = Executors.newFixedThreadPool(
                DISK_THREADS,
                Thread.ofPlatform().daemon().name("mirror-disk-", 0).factory());
        ExecutorService stories = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("mirror-", 0).factory());
        boolean started = false;
        try {
            var ledger = new Ledger(store.metadata());
            var shelf = new Shelf(store.blobs(), store.contents(), store.cache(), ledger, options.clock());
            var manifests = new ManifestStory(upstreams, shelf, ledger, limits, options.clock(), stories);
            var readable = new PublicReads(
                    store.contents(),
                    ledger,
                    upstreams,
                    options.publicCache(),
                    limits.readableTtl(),
                    options.clock(),
                    stories);
            var blobs =
                    new BlobStory(store.blobs(), store.contents(), store.cache(), upstreams, readable, limits, stories);
            var active = new AtomicInteger();
            var handler = new RequestHandler(
                    vertx,
                    options,
                    new HotManifests(limits.manifestCacheBytes(), options.clock()),
                    new Storyteller(rule, manifests, blobs),
                    new Responses(options.earlyRanges(), limits.heldBackBytes()),
                    new AnswerWriter(budget, limits, disk),
                    stories,
                    active);
            Listeners listeners = Listeners.open(vertx, options, handler);
            started = true;
            return new RunningMirror(limits, budget, disk, stories, active, listeners);
        } finally {
            if (!started) {
                stories.shutdownNow();
                disk.shutdownNow();
            }
        }
    }

    @Override
    public List<String> addresses() {
        return listeners.bound();
    }

    @Override
    public int activeRequests() {
        return active.get();
    }

    @Override
    public long bytesInFlight() {
        return budget.used();
    }

    @Override
    public void stop() {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        listeners.close(limits.stopGrace());
        // What is only being written down may finish; whatever else still waits has lost its client.
        stories.shutdown();
        try {
            if (!stories.awaitTermination(SETTLING.toMillis(), TimeUnit.MILLISECONDS)) {
                stories.shutdownNow();
            }
        } catch (InterruptedException e) {
            stories.shutdownNow();
            Thread.currentThread().interrupt();
        }
        disk.shutdown();
    }
}
