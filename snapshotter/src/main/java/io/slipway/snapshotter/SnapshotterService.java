package io.slipway.snapshotter;

import io.slipway.cas.Cas;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Hashers;
import io.slipway.linux.InflaterProvider;
import io.slipway.linux.Inflaters;
import io.slipway.linux.Os;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.meta.SnapshotStore;
import io.slipway.snapshotter.meta.SnapshotsGrpc;
import io.slipway.snapshotter.meta.Surroundings;
import io.slipway.snapshotter.unpack.ChainUnpack;
import io.slipway.snapshotter.unpack.StoreHealer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The snapshotter, put together. Thread-safe.
///
/// Threads are its own, since a layer's thread blocks while its bytes are missing and holds a carrier while it
/// inflates, hashes and writes: up to [#LAYER_THREADS_MAX] layers wait or work, of which `max_unpacks` work at
/// the same time.
public final class SnapshotterService implements AutoCloseable {
    /// Layers being applied or waiting for bytes at once, over all images.
    public static final int LAYER_THREADS_MAX = 32;

    private static final int COMMIT_THREADS = 4;
    private static final int BACKGROUND_THREADS = 2;
    private static final Duration IDLE_THREAD = Duration.ofSeconds(5);
    private static final Duration STOP_WAIT = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotterService.class);

    private final OpenedDrivers drivers;
    private final ThreadPoolExecutor layers;
    private final ThreadPoolExecutor commits;
    private final ThreadPoolExecutor background;
    private final SnapshotStore store;
    private final ChainUnpack unpack;
    private final NoteMemory notes = new NoteMemory();
    private final Runnable opened;

    private SnapshotterService(
            OpenedDrivers drivers, Cas cas, SnapshotterOptions options, StreamProcessors processors, String boot) {
        this.drivers = drivers;
        this.layers = pool("layer", LAYER_THREADS_MAX);
        this.commits = pool("commit", COMMIT_THREADS);
        this.background = pool("snapshots", BACKGROUND_THREADS);
        this.store = new SnapshotStore(
                new Surroundings(
                        cas.metadata(),
                        cas.leases(),
                        cas.namespaces(),
                        cas.collector(),
                        cas.events(),
                        Clock.systemUTC(),
                        boot,
                        background,
                        options.sync() == SnapshotterOptions.Sync.BEFORE_COMMIT,
                        options.shared()),
                drivers.usable(),
                drivers.off(),
                options.defaultSnapshotter());
        cas.collector().join(store.gc());
        int width = options.maxUnpacks() > 0
                ? options.maxUnpacks()
                : Runtime.getRuntime().availableProcessors();
        InflaterProvider inflaters = Inflaters.best();
        HasherProvider hashers = Hashers.best();
        this.unpack = new ChainUnpack(
                store.layers(),
                store.defaultSnapshotter(),
                inflaters,
                hashers,
                cas.derived(),
                options.quota(),
                width,
                notes,
                processors,
                layers,
                commits);
        store.healWith(new StoreHealer(cas.blobs(), unpack));
        this.opened = () -> LOG.atInfo()
                .addKeyValue("snapshotters", store.snapshotters())
                .addKeyValue("inflate", inflaters.name())
                .addKeyValue("hash", hashers.name())
                .addKeyValue("max_unpacks", width)
                .log("Snapshotter is open");
    }

    /// Opens the drivers below `root`; needs root. What an earlier run left half done is removed in the
    /// background, and snapshots it had not yet synced are.
    ///
    /// @param processors for layers of media types that we don't know
    /// @throws IOException when the default snapshotter can't be used here, saying why
    public static SnapshotterService open(Path root, Cas cas, SnapshotterOptions options, StreamProcessors processors)
            throws IOException {
        return open(root, cas, options, processors, Os.bootId(), driver -> driver);
    }

    /// @param boot id of this boot of the machine
    /// @param around what stands between us and each driver
    static SnapshotterService open(
            Path root,
            Cas cas,
            SnapshotterOptions options,
            StreamProcessors processors,
            String boot,
            UnaryOperator<SnapshotDriver> around)
            throws IOException {
        OpenedDrivers drivers = OpenedDrivers.of(root, options, around);
        try {
            drivers.require(options.defaultSnapshotter());
            SnapshotterService service = new SnapshotterService(drivers, cas, options, processors, boot);
            service.store.recoverSoon();
            return service;
        } catch (IOException | RuntimeException e) {
            drivers.close();
            throw e;
        }
    }

    /// All snapshotters that this build has, also those that can't be used here.
    public List<SnapshotterState> states() {
        return drivers.states();
    }

    public Snapshots snapshots() {
        return store;
    }

    public ImageUnpack images() {
        return unpack;
    }

    /// The memory of layers that are unpacked, for whoever else unpacks some.
    public NoteMemory notes() {
        return notes;
    }

    /// Logs what was chosen on this machine. Left to the caller, so that a start that fails later prints only why.
    public void announce() {
        opened.run();
    }

    /// Serves containerd's Snapshots service.
    public void bind(GrpcServices server) {
        new SnapshotsGrpc(store).bind(server);
    }

    /// Stops unpacking (what was staged goes now or at the next start) and waits a bounded time for running
    /// syncs.
    @Override
    public void close() {
        layers.shutdownNow();
        stop(layers);
        stop(commits);
        stop(background);
        drivers.close();
    }

    private static void stop(ThreadPoolExecutor pool) {
        pool.shutdown();
        boolean interrupted = false;
        try {
            if (!pool.awaitTermination(STOP_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                pool.shutdownNow();
            }
        } catch (InterruptedException _) {
            interrupted = true;
            pool.shutdownNow();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static ThreadPoolExecutor pool(String name, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE_THREAD.toMillis(),
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name(name + "-", 0).daemon().factory());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
