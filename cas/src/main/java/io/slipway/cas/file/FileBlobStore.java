package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import io.slipway.cas.Inspection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// [BlobStore] over plain files below `<root>/content`. What the rest of the module needs beyond that
/// interface - removal, what is held, what lies on disk - is here too.
public final class FileBlobStore implements BlobStore, StoredBlobs {

    private final Workshop shop;
    private final ConcurrentHashMap<ArrivalKey, Reception> receptions = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private FileBlobStore(Workshop shop) {
        this.shop = shop;
    }

    /// Makes the layout where it is missing, empties `tmp/`, and drops ingests that can't be resumed.
    public static void prepare(CasOptions options) throws IOException {
        StoreSetup.prepare(
                options.root(),
                layout(options),
                new Disk(options.faults()),
                tmp(options),
                options.clock().instant().minus(options.ingestLifetime()));
    }

    /// Whether a store was at work there: it has blobs, or it has named its images.
    public static boolean isUsed(CasOptions options) {
        var layout = layout(options);
        return Files.exists(layout.index())
                || Arrays.stream(Algorithm.values()).anyMatch(algorithm -> holdsFiles(layout.blobs(algorithm)));
    }

    private static boolean holdsFiles(Path directory) {
        try (var files = Files.newDirectoryStream(directory)) {
            return files.iterator().hasNext();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Opens a store whose directories are prepared.
    public static FileBlobStore open(CasOptions options, BlobLedger ledger) {
        var layout = layout(options);
        var disk = new Disk(options.faults());
        var tmp = tmp(options);
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
                new Writeback(),
                timer,
                options.arrivalGrace(),
                options.recording(),
                StoreSetup.bootId(),
                new Holds(),
                new Doubts());
        var store = new FileBlobStore(shop);
        var _ = timer.scheduleWithFixedDelay(
                () -> Thread.ofVirtual().start(() -> store.expire(options)), 1, 1, TimeUnit.HOURS);
        return store;
    }

    private static ContentLayout layout(CasOptions options) {
        return new ContentLayout(options.root().resolve("content"));
    }

    private static Path tmp(CasOptions options) {
        return options.root().resolve("tmp");
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
                return Optional.of(new FileBlob(digest, channel, channel.size(), shop.holds(), shop.doubts()));
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
            var key = new ArrivalKey(request.digest(), request.origin());
            var fresh = new AtomicReference<@Nullable Reception>();
            var reception = receptions.computeIfAbsent(key, _ -> {
                fresh.set(begin(key, request, fetch));
                return fresh.get();
            });
            if (closed) {
                throw new IOException("the store is closed");
            }
            if (reception != null) {
                var party =
                        reception == fresh.get() ? Optional.of(reception.starter()) : reception.join(request, fetch);
                if (party.isPresent()) {
                    return new FileArrival(reception, party.get(), shop.holds(), request.size());
                }
                // It is being given up; that takes as long as the disk needs to note where it stopped.
                reception.verdict().join();
            }
        }
    }

    /// Null when the blob is there: a fetch that has just ended published it before it left the map.
    private @Nullable Reception begin(ArrivalKey key, ArrivalRequest request, Fetch fetch) {
        if (closed || Files.exists(shop.layout().blob(key.digest()), LinkOption.NOFOLLOW_LINKS)) {
            return null;
        }
        var fresh = new Reception(shop, key, request, fetch, this::ended);
        fresh.start();
        return fresh;
    }

    private Optional<Arrival> openStored(ArrivalRequest request) throws IOException {
        var digest = request.digest();
        shop.holds().take(digest);
        try {
            var file = PositionalFile.open(shop.layout().blob(digest), StandardOpenOption.READ);
            return Optional.of(
                    new StoredArrival(digest, file, file.size(), shop.holds(), shop.doubts(), request.size()));
        } catch (NoSuchFileException _) {
            shop.holds().drop(digest);
            return Optional.empty();
        } catch (IOException e) {
            shop.holds().drop(digest);
            throw Disk.refused("open", shop.layout().blob(digest), e);
        }
    }

    private void ended(Reception reception) {
        receptions.remove(reception.key(), reception);
    }

    @Override
    public Set<Digest> held() {
        return shop.holds().held();
    }

    @Override
    public OptionalLong size(Digest digest) throws IOException {
        try {
            return OptionalLong.of(Files.size(shop.layout().blob(digest)));
        } catch (NoSuchFileException _) {
            return OptionalLong.empty();
        } catch (IOException e) {
            throw Disk.refused("look at", shop.layout().blob(digest), e);
        }
    }

    @Override
    public boolean remove(Digest digest) throws IOException {
        return shop.holds().removeUnlessHeld(digest, () -> {
            var path = shop.layout().blob(digest);
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                shop.disk().rename(path, shop.tmp().resolve("gone-" + UUID.randomUUID()));
            }
            return true;
        });
    }

    @Override
    public void emptyTrash() throws IOException {
        for (var file : StoreSetup.list(shop.tmp())) {
            if (String.valueOf(file.getFileName()).startsWith("gone-")) {
                shop.disk().delete(file);
            }
        }
    }

    @Override
    public void each(Consumer<Digest> stored) throws IOException {
        for (var algorithm : Algorithm.values()) {
            try (var files = Files.newDirectoryStream(shop.layout().blobs(algorithm))) {
                for (var file : files) {
                    name(algorithm, file).ifPresent(stored);
                }
            }
        }
    }

    @Override
    public Optional<Rehash.FileId> file(Digest digest) throws IOException {
        try {
            return Optional.of(Rehash.FileId.of(shop.layout().blob(digest)));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<byte[]> bytes(Digest digest, int bytesMax) throws IOException {
        var path = shop.layout().blob(digest);
        try (var in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
            var bytes = in.readNBytes(bytesMax + 1);
            return bytes.length > bytesMax ? Optional.empty() : Optional.of(bytes);
        } catch (NoSuchFileException _) {
            return Optional.empty();
        } catch (IOException e) {
            throw Disk.refused("read", path, e);
        }
    }

    @Override
    public Rehash.Result rehash(Digest digest, Rehash.Pace pace) throws IOException, InterruptedException {
        return new Rehash(shop).of(digest, pace);
    }

    @Override
    public void whenDoubted(Consumer<Digest> told) {
        shop.doubts().tell(told);
    }

    @Override
    public boolean quarantine(Digest digest, Rehash.FileId file) throws IOException {
        return new Quarantine(shop.layout(), shop.disk()).take(digest, file);
    }

    @Override
    public Set<Digest> putAside() throws IOException {
        return new Quarantine(shop.layout(), shop.disk()).digests();
    }

    @Override
    public List<Arrival.Progress> arriving(Digest digest) {
        return receptions.values().stream()
                .filter(reception -> reception.key().digest().equals(digest))
                .map(Reception::progress)
                .toList();
    }

    @Override
    public Inspection.Amount ingests() throws IOException {
        return amount(shop.layout().ingests(), ContentLayout.PART);
    }

    @Override
    public Inspection.Amount quarantined() throws IOException {
        return amount(shop.layout().quarantine(), "");
    }

    private static Inspection.Amount amount(Path directory, String suffix) throws IOException {
        long count = 0;
        long bytes = 0;
        for (var file : StoreSetup.list(directory)) {
            if (String.valueOf(file.getFileName()).endsWith(suffix)) {
                try {
                    bytes += Files.size(file);
                    count++;
                } catch (NoSuchFileException _) {
                    // It has just become a blob, or was given up.
                }
            }
        }
        return new Inspection.Amount(count, bytes);
    }

    @Override
    public List<String> strays() throws IOException {
        var strays = new ArrayList<String>();
        for (var algorithm : Algorithm.values()) {
            try (var files = Files.newDirectoryStream(shop.layout().blobs(algorithm))) {
                for (var file : files) {
                    if (name(algorithm, file).isEmpty() && strays.size() < STRAYS_MAX) {
                        strays.add(algorithm.id() + "/" + file.getFileName());
                    }
                }
            }
        }
        return strays;
    }

    /// Keeps a digest from being removed until closed.
    public interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    public Hold hold(Digest digest) {
        shop.holds().take(digest);
        return () -> shop.holds().drop(digest);
    }

    /// The bytes of an ingest by ref, opened where they stopped.
    public RefFile openRef(String namespace, String ref) throws IOException {
        return RefFile.open(shop, shop.layout().refPart(namespace, ref));
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
        shop.writeback().close();
    }
}
