package io.slipway.cas.file;

import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import io.slipway.cas.SizeMismatchException;
import io.slipway.cas.StoreException;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one fetch of a digest while it runs: who asks, the thread that fetches, and how it ends.
///
///     FETCHING -> COMMITTING -> ENDED      the fetch returned (or threw)
///     FETCHING -> PARKING    -> ENDED      nobody asked for a while, or the store closes
///
/// `monitor` guards phase and askers and is never held during I/O. From PARKING on nobody can join: whoever
/// asks waits for the end and starts anew.
final class Reception {

    private enum Phase {
        FETCHING,
        COMMITTING,
        PARKING,
        ENDED
    }

    private static final Logger log = LoggerFactory.getLogger(Reception.class);

    private final Workshop shop;
    private final ArrivalRequest request;
    private final Fetch fetch;
    private final LandedBytes bytes;
    private final Consumer<Reception> whenEnded;
    private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
    private final Thread thread;

    private final Object monitor = new Object();
    private Phase phase = Phase.FETCHING;
    private int askers = 1;
    private @Nullable ScheduledFuture<?> givingUp;

    private volatile String source = "";
    private volatile @Nullable PartFile part;
    private volatile @Nullable HashFront hash;
    private volatile @Nullable RangeRecorder recorder;
    private volatile @Nullable StoreException diskFailure;

    /// With its first asker; [#start] begins.
    Reception(Workshop shop, ArrivalRequest request, Fetch fetch, Consumer<Reception> whenEnded) {
        this.shop = shop;
        this.request = request;
        this.fetch = fetch;
        this.bytes = new LandedBytes(request.size());
        this.whenEnded = whenEnded;
        this.thread = Thread.ofVirtual().name("fetch " + request.digest()).unstarted(this::run);
    }

    void start() {
        shop.holds().take(digest());
        thread.start();
    }

    Digest digest() {
        return request.digest();
    }

    LandedBytes bytes() {
        return bytes;
    }

    CompletableFuture<Verdict> verdict() {
        return verdict;
    }

    String source() {
        return source;
    }

    void source(String host) {
        source = host;
    }

    long hashed() {
        var front = hash;
        return front == null ? 0 : front.hashed();
    }

    /// One more asker; false when it is too late, then [#verdict] is about to complete.
    boolean join() {
        synchronized (monitor) {
            if (phase == Phase.PARKING || phase == Phase.ENDED) {
                return false;
            }
            askers++;
            if (givingUp != null) {
                givingUp.cancel(false);
                givingUp = null;
            }
            return true;
        }
    }

    void leave() {
        synchronized (monitor) {
            if (--askers > 0) {
                return;
            }
            if (phase == Phase.FETCHING) {
                givingUp = shop.timer().schedule(this::giveUp, shop.grace().toNanos(), TimeUnit.NANOSECONDS);
            } else if (phase == Phase.ENDED) {
                closeFile();
            }
        }
    }

    /// For readers: what has landed can be read as long as an asker is there.
    int read(long position, ByteBuffer into) throws IOException {
        var open = part;
        if (open == null) {
            throw new IOException(digest() + " has no bytes yet");
        }
        return open.file().read(position, into);
    }

    /// For [FileLanding]: writes what is missing of this.
    void write(long offset, ByteBuffer data) throws IOException {
        long end = offset + data.remaining();
        var mine = bytes.take(offset, end);
        try {
            var open = Objects.requireNonNull(part, "the fetch runs after the file is open");
            for (var range : mine) {
                var slice = data.slice((int) (range.from() - offset) + data.position(), (int) range.length());
                shop.disk().write(open.file(), range.from(), slice);
                advance(bytes.landed(range));
            }
        } catch (StoreException e) {
            diskFailure = e;
            throw e;
        } finally {
            bytes.done();
        }
        data.position(data.limit());
    }

    private void advance(long prefix) {
        var front = hash;
        if (front != null && prefix > 0) {
            front.advance(prefix);
        }
    }

    private void run() {
        Verdict ended;
        try {
            open();
            if (!bytes.complete()) {
                fetch.run(new FileLanding(this));
            }
            if (!proceed()) {
                return;
            }
            ended = commit();
        } catch (Throwable e) {
            if (!proceed()) {
                return;
            }
            ended = giveUpFor(e);
        }
        end(ended);
    }

    /// The fetch is over; false when [#park] has taken over meanwhile.
    private boolean proceed() {
        synchronized (monitor) {
            if (phase == Phase.COMMITTING) {
                return true;
            }
            if (phase != Phase.FETCHING) {
                return false;
            }
            phase = Phase.COMMITTING;
            // From here on nobody interrupts, and a left-over interrupt would break the sync.
            Thread.interrupted();
            return true;
        }
    }

    private void open() throws IOException {
        var opened = PartFile.open(shop, digest(), bytes);
        part = opened.file();
        hash = new HashFront(
                shop.bytes(),
                shop.buffers(),
                shop.hashers().open(digest().algorithm().id()),
                opened.file().file());
        var writer = new RangeRecorder(
                shop.disk(),
                bytes,
                opened.file().part(),
                opened.file().record(),
                shop.bootId(),
                opened.synced(),
                shop.writeback().of(opened.file().part()));
        recorder = writer;
        writer.start();
        advance(bytes.prefix());
    }

    private Verdict commit() throws IOException {
        bytes.seal();
        var broken = diskFailure;
        if (broken != null) {
            throw broken;
        }
        long size = bytes.sizeAtEnd();
        var front = Objects.requireNonNull(hash);
        var open = Objects.requireNonNull(part);
        var actual = Digest.of(digest().algorithm(), front.finish(size));
        stopWorkers();
        if (!actual.equals(digest())) {
            return reject("digest mismatch: the " + size + " bytes from " + (source.isEmpty() ? "its source" : source)
                    + " have " + actual);
        }
        open.publish(size);
        shop.ledger().stored(digest(), size, request.provenance());
        return new Verdict.Verified(size);
    }

    private Verdict giveUpFor(Throwable why) {
        bytes.seal();
        stopWorkers();
        Throwable cause = diskFailure == null ? why : diskFailure;
        if (cause instanceof SizeMismatchException mismatch) {
            return reject("size mismatch: " + mismatch.getMessage());
        }
        if (cause instanceof StoreException full && full.noSpace()) {
            // Keeping it would keep the disk full for everybody else.
            drop();
        } else {
            keep();
        }
        return new Verdict.Failed(cause);
    }

    private Verdict reject(String reason) {
        drop();
        return new Verdict.Rejected(reason);
    }

    private void keep() {
        var writer = recorder;
        var open = part;
        if (writer != null && open != null && bytes.total() > 0 && Files.exists(open.part())) {
            writer.park();
        } else {
            drop();
        }
    }

    private void drop() {
        var open = part;
        if (open != null) {
            try {
                open.drop();
            } catch (StoreException e) {
                log.atWarn()
                        .addKeyValue("file", open.part())
                        .addKeyValue("error", e.getMessage())
                        .log("A dropped ingest could not be deleted; it goes at the next start.");
            }
        }
    }

    private void giveUp() {
        Thread.ofVirtual().name("park " + digest()).start(() -> {
            synchronized (monitor) {
                if (askers > 0) {
                    return;
                }
            }
            park("nobody asks for it any more");
        });
    }

    /// Ends the fetch where it is, keeping what has landed; returns when that is done. Nothing when it has
    /// ended.
    void park(String why) {
        synchronized (monitor) {
            if (phase != Phase.FETCHING) {
                return;
            }
            phase = Phase.PARKING;
            thread.interrupt();
        }
        bytes.seal();
        stopWorkers();
        keep();
        end(new Verdict.Failed(new IOException("the fetch of " + digest() + " was given up: " + why)));
    }

    private void stopWorkers() {
        var writer = recorder;
        if (writer != null) {
            writer.stop();
        }
        var front = hash;
        if (front != null) {
            front.close();
        }
    }

    private void end(Verdict ended) {
        switch (ended) {
            case Verdict.Verified _ -> {}
            case Verdict.Rejected rejected -> bytes.fail(new ArrivalFailedException(digest(), rejected));
            case Verdict.Failed failed -> bytes.fail(new ArrivalFailedException(digest(), failed));
        }
        synchronized (monitor) {
            phase = Phase.ENDED;
            if (askers == 0) {
                closeFile();
            }
        }
        whenEnded.accept(this);
        shop.holds().drop(digest());
        verdict.complete(ended);
    }

    private void closeFile() {
        var open = part;
        if (open != null) {
            open.close();
        }
    }
}
