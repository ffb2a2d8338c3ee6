package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// [BlobStore] over plain files below `<root>/content`. What the rest of the module needs beyond that
/// interface - removal, what is held, what lies on disk - is here too.
public final class FileBlobStore implements BlobStore {

    private final Workshop shop;
    private final ConcurrentHashMap<Digest, Reception> receptions = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private FileBlobStore(Workshop shop) {
        this.shop = shop;
    }

    /// Makes the layout where it is missing, empties `tmp/`, and drops ingests that can't be resumed.
    public static FileBlobStore open(CasOptions options, BlobLedger ledger) throws IOException {
        var layout = new ContentLayout(options.root().resolve("content"));
        var disk = new Disk(options.faults());
        var tmp = options.root().resolve("tmp");
        StoreSetup.prepare(layout, disk, tmp, options.clock().instant().minus(options.ingestLifetime()));
        var timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("cas-timer").factory());
        var shop = new Workshop(
                layout,
                disk,
                tmp,
                ledger,
                options.hashers(),
                options.bytes(),
                new DirectBuffers(),
                timer,
                options.arrivalGrace(),
                StoreSetup.bootId(),
                new Holds());
        var store = new FileBlobStore(shop);
        var _ = timer.scheduleWithFixedDelay(
                () -> Thread.ofVirtual().start(() -> store.expire(options)), 1, 1, TimeUnit.HOURS);
        return store;
    }

    public ContentLayout layout() {
        return shop.layout();
    }

    public Disk disk() {
        return shop.disk();
    }

    /// For short tasks of the module.
    public ScheduledExecutorService timer() {
        return shop.timer();
    }

    @Override
    public Optional<Blob> open(Digest digest) throws IOException {
        shop.holds().take(digest);
        try {
            var channel = FileChannel.open(
                    shop.layout().blob(digest), Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
            try {
                return Optional.of(new FileBlob(digest, channel, channel.size(), shop.holds()));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException _) {
            shop.holds().drop(digest);
            return Optional.empty();
        } catch (IOException e) {
            shop.holds().drop(digest);
            throw Disk.refused("open", shop.layout().blob(digest), e);
        }
    }

    @Override
    public Arrival arrive(ArrivalRequest request, Fetch fetch) throws IOException {
        while (true) {
            var stored = openStored(request);
            if (stored.isPresent()) {
                return stored.get();
            }
            var asked = new Asked();
            var reception = receptions.compute(request.digest(), (digest, running) -> {
                if (running != null) {
                    asked.joined = running.join();
                    return running;
                }
                // Looked for again: a fetch that has just ended published it before it left this map.
                if (closed || Files.exists(shop.layout().blob(digest), LinkOption.NOFOLLOW_LINKS)) {
                    return null;
                }
                asked.joined = true;
                asked.started = true;
                var fresh = new Reception(shop, request, fetch, this::ended);
                fresh.start();
                return fresh;
            });
            if (closed) {
                throw new IOException("the store is closed");
            }
            if (reception != null) {
                if (asked.joined) {
                    return new FileArrival(reception, shop.holds(), request.size());
                }
                // It is being given up; that takes as long as the disk needs to note where it stopped.
                reception.verdict().join();
            }
        }
    }

    @Override
    public Optional<Arrival> arriving(Digest digest) {
        var running = receptions.get(digest);
        return running != null && running.join()
                ? Optional.of(new FileArrival(running, shop.holds(), OptionalLong.empty()))
                : Optional.empty();
    }

    private static final class Asked {
        boolean joined;
        boolean started;
    }

    private Optional<Arrival> openStored(ArrivalRequest request) throws IOException {
        var digest = request.digest();
        shop.holds().take(digest);
        try {
            var file = PositionalFile.open(shop.layout().blob(digest), StandardOpenOption.READ);
            return Optional.of(new StoredArrival(digest, file, file.size(), shop.holds(), request.size()));
        } catch (NoSuchFileException _) {
            shop.holds().drop(digest);
            return Optional.empty();
        } catch (IOException e) {
            shop.holds().drop(digest);
            throw Disk.refused("open", shop.layout().blob(digest), e);
        }
    }

    private void ended(Reception reception) {
        receptions.remove(reception.digest(), reception);
    }

    /// Digests that are open, arriving, or asked for.
    public Set<Digest> held() {
        return shop.holds().held();
    }

    /// Size of a stored blob; empty when it is not stored.
    public OptionalLong size(Digest digest) throws IOException {
        try {
            return OptionalLong.of(Files.size(shop.layout().blob(digest)));
        } catch (NoSuchFileException _) {
            return OptionalLong.empty();
        } catch (IOException e) {
            throw Disk.refused("look at", shop.layout().blob(digest), e);
        }
    }

    /// Takes the name of a blob away unless somebody holds it, running `records` first under the same
    /// protection (nobody can open it meanwhile). False when it is held. The bytes go with [#emptyTrash].
    public boolean remove(Digest digest, Removal records) throws IOException {
        return shop.holds().removeUnlessHeld(digest, () -> {
            records.run();
            var path = shop.layout().blob(digest);
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                shop.disk().rename(path, shop.tmp().resolve("gone-" + UUID.randomUUID()));
            }
            return true;
        });
    }

    /// Something to do under the protection of [#remove].
    public interface Removal {
        void run() throws IOException;
    }

    /// Unlinks what [#remove] took away: that takes time for large files, and whoever has them open keeps the
    /// bytes.
    public void emptyTrash() throws IOException {
        for (var file : StoreSetup.list(shop.tmp())) {
            if (String.valueOf(file.getFileName()).startsWith("gone-")) {
                shop.disk().delete(file);
            }
        }
    }

    /// Hands over every stored blob.
    public void each(Consumer<Digest> stored) throws IOException {
        for (var algorithm : Algorithm.values()) {
            try (var files = Files.newDirectoryStream(shop.layout().blobs(algorithm))) {
                for (var file : files) {
                    name(algorithm, file).ifPresent(stored);
                }
            }
        }
    }

    /// Publishes verified bytes that came in by another way than an arrival (an ingest by ref); the file is
    /// moved.
    public void adopt(Path part, Digest digest, long size) throws IOException {
        shop.holds().take(digest);
        try {
            Publication.publish(shop, part, digest);
            shop.ledger().stored(digest, size, io.slipway.cas.Provenance.UNKNOWN);
        } finally {
            shop.holds().drop(digest);
        }
    }

    private static Optional<Digest> name(Algorithm algorithm, Path file) {
        try {
            return Optional.of(new Digest(algorithm, String.valueOf(file.getFileName())));
        } catch (IllegalArgumentException notABlob) {
            return Optional.empty();
        }
    }

    private void expire(CasOptions options) {
        StoreSetup.expire(
                shop.layout(),
                shop.disk(),
                options.clock().instant().minus(options.ingestLifetime()),
                shop.holds()::removeUnlessHeld);
    }

    /// Gives up every fetch (what has landed is kept) and refuses new ones.
    @Override
    public void close() {
        closed = true;
        List.copyOf(receptions.values()).forEach(running -> running.park("the store is closing"));
        List.copyOf(receptions.values()).forEach(running -> running.verdict().join());
        shop.timer().shutdownNow();
    }
}
