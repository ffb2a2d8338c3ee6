package io.slipway.puller;

import io.slipway.cas.BlobStore;
import io.slipway.cas.Cas;
import io.slipway.cas.Contents;
import io.slipway.cas.Images;
import io.slipway.cas.Ingests;
import io.slipway.cas.Leases;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Hashers;
import io.slipway.puller.archive.ImageArchives;
import io.slipway.puller.fetch.Blobs;
import io.slipway.puller.grpc.ArchiveTransfers;
import io.slipway.puller.grpc.StreamingService;
import io.slipway.puller.grpc.Streams;
import io.slipway.puller.grpc.TransferService;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.http.Names;
import io.slipway.puller.http.Wire;
import io.slipway.puller.image.BlobReads;
import io.slipway.puller.image.Parts;
import io.slipway.puller.image.PullLeases;
import io.slipway.puller.image.Pulls;
import io.slipway.puller.image.Resolver;
import io.slipway.puller.image.UpstreamQuestions;
import io.slipway.puller.registry.DockerConfig;
import io.slipway.puller.registry.Principal;
import io.slipway.puller.registry.Registry;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/// The puller, put together. Thread-safe.
///
/// It owns three small pools of platform threads: one writes what arrives into the store (a write holds its
/// thread; the tasks never wait for anything but the disk), one looks up host names, one reads and writes
/// archives.
public final class Puller implements AutoCloseable {
    /// What of one open range may be asked for twice after the daemon was killed: the piece under way, and the
    /// one before it where the store had not yet recorded that (it records every 100 ms). What it had recorded
    /// is not asked for again. Pieces are of half this size.
    public static final long IN_FLIGHT_WINDOW_BYTES = 32L << 20;

    private static final int NAME_LOOKUPS_MAX = 4;
    /// Archives read or written at once; each has about 2 MiB of buffers.
    private static final int ARCHIVES_MAX = 2;

    private static final int SCOPE_KEY_BYTES = 32;

    private final Wire wire;
    private final Hosts hosts;
    private final ImagePull images;
    private final Upstreams upstreams;
    private final Streams streams;
    private final Unpacker unpacker;
    private final ImageArchives archives;
    private final ArchiveTransfers archiveTransfers;
    private final ExecutorService writers;
    private final ExecutorService lookups;
    private final ExecutorService archivists;

    private Puller(
            Vertx vertx,
            Stores stores,
            Unpacker unpacker,
            PullerOptions options,
            PullerObserver observer,
            Optional<Names> names,
            byte[] scopeKey) {
        this.unpacker = unpacker;
        this.writers = pool("slipway-landing-", Math.max(2, Runtime.getRuntime().availableProcessors()));
        this.lookups = pool("slipway-names-", NAME_LOOKUPS_MAX);
        this.wire = new Wire(
                vertx,
                options,
                names.orElseGet(() -> Names.system(lookups, options.timeouts().connect())),
                observer);
        this.hosts = new Hosts(options.configPaths(), options.ownListeners(), observer);
        Registry registry = new Registry(wire, options, Clock.systemUTC(), new SecureRandom(), new Principal(scopeKey));
        Resolver resolver = new Resolver(hosts, registry, stores.hashers());
        Blobs blobs = new Blobs(
                stores.blobs(),
                hosts,
                registry,
                observer,
                writers,
                options.maxConcurrentDownloads(),
                options.connectionsPerHost());
        Optional<CredentialSource> configured = options.dockerConfig().map(DockerConfig::new);
        BlobReads reads = new BlobReads(hosts, registry);
        this.images = new Pulls(
                new Parts(
                        stores.blobs(),
                        stores.contents(),
                        stores.images(),
                        new PullLeases(stores.leases()),
                        unpacker,
                        resolver,
                        blobs,
                        reads,
                        configured),
                observer);
        this.upstreams = new UpstreamQuestions(
                hosts, reads, resolver, blobs, configured.orElse((host, reference, challenges) -> Optional.empty()));
        this.streams = new Streams();
        this.archivists = pool("slipway-archive-", ARCHIVES_MAX);
        this.archives = new ImageArchives(
                new ImageArchives.Stores(
                        stores.blobs(), stores.contents(), stores.images(), stores.leases(), stores.ingests()),
                unpacker,
                archivists);
        this.archiveTransfers = new ArchiveTransfers(archives, stores.images(), streams);
    }

    /// The parts of the store that a puller needs.
    ///
    /// @param hashers for manifests in memory
    public record Stores(
            BlobStore blobs,
            Contents contents,
            Images images,
            Leases leases,
            Ingests ingests,
            HasherProvider hashers) {}

    /// Puts the puller together; opens no connection and starts no thread yet. `vertx` stays the caller's.
    ///
    /// @param unpacker may refuse everything where there is no snapshotter
    /// @param observer counters, or [PullerObserver#NONE]
    public static Puller open(Vertx vertx, Cas cas, Unpacker unpacker, PullerOptions options, PullerObserver observer) {
        Stores stores =
                new Stores(cas.blobs(), cas.contents(), cas.images(), cas.leases(), cas.ingests(), Hashers.best());
        return new Puller(vertx, stores, unpacker, options, observer, Optional.empty(), freshKey());
    }

    /// The same over other stores and another way to find addresses; for tests.
    static Puller over(
            Vertx vertx,
            Stores stores,
            Unpacker unpacker,
            PullerOptions options,
            PullerObserver observer,
            Optional<Names> names) {
        return new Puller(vertx, stores, unpacker, options, observer, names, freshKey());
    }

    /// Scope ids are good for one run of the daemon: after a restart, upstream is asked again who may read
    /// what.
    private static byte[] freshKey() {
        byte[] key = new byte[SCOPE_KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return key;
    }

    private static ExecutorService pool(String name, int threads) {
        ThreadFactory factory = Thread.ofPlatform().daemon().name(name, 0).factory();
        return Executors.newFixedThreadPool(threads, factory);
    }

    /// Pulls whole images.
    public ImagePull images() {
        return images;
    }

    /// Reads and writes archives of images.
    public ImageArchives archives() {
        return archives;
    }

    /// Answers single questions about upstreams.
    public Upstreams upstreams() {
        return upstreams;
    }

    /// One line per hosts.toml of the configured directories that is not valid, for `config check`.
    public List<String> checkHosts() {
        return hosts.check();
    }

    /// Serves containerd's Transfer and Streaming.
    public void bind(GrpcServices server) {
        new StreamingService(streams).bind(server);
        new TransferService(images, streams, unpacker, archiveTransfers).bind(server);
    }

    /// Blocks of body memory in use right now, each of 512 KiB.
    public int blocksInUse() {
        return wire.blocksInUse();
    }

    /// Closes connections and pools. Fetches that the store still runs fail.
    @Override
    public void close() {
        wire.close();
        lookups.shutdownNow();
        archivists.shutdownNow();
        writers.shutdown();
    }
}
