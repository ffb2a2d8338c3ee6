package io.slipway.cas.file;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import io.slipway.cas.Provenance;
import io.slipway.cas.SizeMismatchException;
import io.slipway.cas.StoreException;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one fetch of a digest from one origin while it runs: who asks, the thread that fetches, and how
/// it ends.
///
///     FETCHING -> COMMITTING -> ENDED      all bytes are there
///     FETCHING -> FAILING    -> ENDED      the fetches of all parties have failed, or the disk has
///     FETCHING -> PARKING    -> ENDED      nobody asked for a while, or the store closes
///
/// Askers with the same provenance are one [Party]. One party's fetch runs at a time; when it fails,
/// its party has failed, and the next one's brings what is still missing.
///
/// `monitor` guards phase, parties and askers and is never held during I/O. From FAILING or PARKING on
/// nobody can join: whoever asks waits for the end and starts anew.
final class Reception {

    private enum Phase {
        FETCHING,
        COMMITTING,
        FAILING,
        PARKING,
        ENDED
    }

    private static final Logger log = LoggerFactory.getLogger(Reception.class);

    /// More parties than this are only remembered while their askers are there.
    private static final int PARTIES_MAX = 256;

    private final Workshop shop;
    private final ArrivalKey key;
    private final LandedBytes bytes = new LandedBytes();
    private final Consumer<Reception> whenEnded;
    private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
    private final CompletableFuture<Boolean> opened = new CompletableFuture<>();
    private final Thread thread;

    private final Party starter;

    private final Object monitor = new Object();
    private final Map<Provenance, Party> parties = new LinkedHashMap<>();
    private Phase phase = Phase.FETCHING;
    private Party running;
    /// Whose bytes landed before their fetch failed.
    private final Set<Provenance> earlier = new LinkedHashSet<>();
    private int askers;
    private @Nullable ScheduledFuture<?> givingUp;

    private volatile String source = "";
    private volatile @Nullable PartFile part;
    private volatile @Nullable HashFront hash;
    private volatile @Nullable SpentBytes spent;
    private volatile @Nullable RangeRecorder recorder;
    private volatile @Nullable StoreException diskFailure;
    private volatile boolean doubted;

    /// With its first asker; [#start] begins.
    Reception(Workshop shop, ArrivalKey key, ArrivalRequest first, Fetch fetch, Consumer<Reception> whenEnded) {
        this.shop = shop;
        this.key = key;
        this.starter = new Party(first, fetch);
        this.running = starter;
        this.parties.put(first.provenance(), starter);
        starter.enter();
        this.askers = 1;
        this.whenEnded = whenEnded;
        this.thread = Thread.ofVirtual().name("fetch " + key.digest()).unstarted(this::run);
    }

    void start() {
        shop.holds().take(digest());
        thread.start();
    }

    ArrivalKey key() {
        return key;
    }

    Digest digest() {
        return key.digest();
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

    Arrival.Progress progress() {
        return new Arrival.Progress(bytes.total(), bytes.resumed(), hashed(), bytes.size(), source);
    }

    void source(String host) {
        source = host;
    }

    long hashed() {
        var front = hash;
        return front == null ? 0 : front.hashed();
    }

    /// The party of the first asker, who has been counted.
    Party starter() {
        return starter;
    }

    /// One more asker; empty when it is too late, then [#verdict] is about to complete.
    Optional<Party> join(ArrivalRequest request, Fetch fetch) {
        synchronized (monitor) {
            if (phase == Phase.FAILING || phase == Phase.PARKING || phase == Phase.ENDED) {
                return Optional.empty();
            }
            var party = parties.get(request.provenance());
            if (party == null) {
                letGoOfTheAbsent();
                party = new Party(request, fetch);
                parties.put(request.provenance(), party);
            }
            party.enter();
            askers++;
            if (givingUp != null) {
                givingUp.cancel(false);
                givingUp = null;
            }
            return Optional.of(party);
        }
    }

    /// Asks nobody waits for any more make room for new ones.
    private void letGoOfTheAbsent() {
        if (parties.size() < PARTIES_MAX) {
            return;
        }
        var absent = parties.values().stream()
                .filter(party -> party != running && !party.isPresent())
                .toList();
        absent.forEach(party -> {
            parties.remove(party.provenance());
            var gone = new Verdict.Failed(new IOException("too many ask for " + digest() + "; this one had left"));
            shop.timer().execute(() -> {
                party.heeded().complete(gone);
                party.verdict().complete(gone);
            });
        });
    }

    void leave(Party party) {
        synchronized (monitor) {
            party.leave();
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

    /// Somebody found the bytes to be wrong.
    void doubt() {
        doubted = true;
    }

    /// Completes when it is known what an earlier fetch left; see [io.slipway.cas.Arrival#provenance].
    CompletableFuture<Provenance> provenance() {
        return opened.thenApply(_ -> {
            synchronized (monitor) {
                return !earlier.isEmpty() || bytes.resumed() > 0 ? Provenance.UNKNOWN : running.provenance();
            }
        });
    }

    /// That reader will not read before `position` again.
    void spent(Object reader, long position) {
        var pages = spent;
        if (pages != null) {
            pages.spent(reader, Math.min(position, hashed()));
        }
    }

    /// For readers: what has landed can be read as long as an asker is there.
    int read(Object reader, long position, ByteBuffer into) throws IOException {
        var pages = spent;
        if (pages != null) {
            pages.readBy(reader);
        }
        var open = part;
        if (open == null) {
            throw new IOException(digest() + " has no bytes yet");
        }
        return open.file().read(position, into);
    }

    /// For [FileLanding]: writes what is missing of this.
    void write(LandedBytes into, Party party, long offset, ByteBuffer data) throws IOException {
        long end = offset + data.remaining();
        var mine = into.take(offset, end);
        if (!mine.isEmpty()) {
            party.bring();
        }
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

    /// Refuses at once what cannot fit, instead of filling the disk with its beginning.
    void requireRoom(long size) throws StoreException {
        var directory = shop.layout().ingests();
        long missing = size - bytes.total();
        long free = directory.toFile().getUsableSpace();
        // 0 is also what file systems say that don't know; there the write will tell.
        if (free > 0 && missing > free) {
            var full = new StoreException(
                    "no space for " + digest() + ": " + missing + " bytes are to come and " + free + " are free in "
                            + directory + "; make room on that file system and try again",
                    null,
                    true);
            diskFailure = full;
            throw full;
        }
    }

    private void advance(long prefix) {
        var front = hash;
        if (front != null && prefix > 0) {
            front.advance(prefix);
        }
    }

    private void run() {
        try {
            open();
        } catch (Throwable e) {
            opened.complete(false);
            if (proceed(Phase.FAILING)) {
                end(giveUpFor(e));
            }
            return;
        }
        opened.complete(true);
        fetch();
    }

    /// Runs one party's fetch after the other until all bytes are there or none is left to try.
    private void fetch() {
        for (Optional<Party> turn = Optional.of(starter); turn.isPresent(); ) {
            var party = turn.get();
            var landing = new FileLanding(this, party);
            try {
                if (!bytes.complete(party.expected())) {
                    party.fetch().run(landing);
                }
                landing.end();
                long size = bytes.sizeAtEnd(party.expected());
                if (proceed(Phase.COMMITTING)) {
                    end(commit(size));
                }
                return;
            } catch (Throwable e) {
                landing.end();
                turn = next(party, e);
            }
        }
    }

    /// This party's fetch has failed. Empty when there is no other to go on with, then this has ended.
    private Optional<Party> next(Party failed, Throwable why) {
        Optional<Party> next;
        synchronized (monitor) {
            if (phase != Phase.FETCHING) {
                return Optional.empty();
            }
            next = diskFailure != null
                    ? Optional.empty()
                    : parties.values().stream()
                            .filter(party -> party != failed && party.isPresent())
                            .findFirst();
            // An interrupt that is not ours would break what follows.
            Thread.interrupted();
            if (next.isPresent()) {
                parties.remove(failed.provenance());
                if (failed.brought()) {
                    earlier.add(failed.provenance());
                }
                running = next.get();
            } else {
                phase = Phase.FAILING;
            }
        }
        if (next.isPresent()) {
            var ended = why instanceof SizeMismatchException mismatch
                    ? new Verdict.Rejected("size mismatch: " + mismatch.getMessage())
                    : new Verdict.Failed(why);
            failed.fail(digest(), ended);
            bytes.wake();
            failed.heeded().complete(ended);
            failed.verdict().complete(ended);
        } else {
            end(giveUpFor(why));
        }
        return next;
    }

    /// The fetches are over; false when [#park] has taken over meanwhile.
    private boolean proceed(Phase to) {
        synchronized (monitor) {
            if (phase != Phase.FETCHING) {
                return false;
            }
            phase = to;
            // From here on nobody interrupts, and a left-over interrupt would break the sync.
            Thread.interrupted();
            return true;
        }
    }

    private void open() throws IOException {
        var found = PartFile.open(shop, key, bytes, starter.expected());
        part = found.file();
        hash = new HashFront(
                shop.bytes(),
                shop.buffers(),
                shop.hashers().open(digest().algorithm().id()),
                found.file().file());
        var turn = shop.writeback().of(found.file().part(), shop.layout().blob(digest()));
        spent = new SpentBytes(turn::forget);
        var writer = new RangeRecorder(
                shop.disk(),
                shop.recording(),
                bytes,
                found.file().part(),
                found.file().record(),
                shop.bootId(),
                found.synced(),
                turn);
        recorder = writer;
        writer.start();
        advance(bytes.prefix());
    }

    private Verdict commit(long size) {
        try {
            return verify(size);
        } catch (Throwable e) {
            return giveUpFor(e);
        }
    }

    private Verdict verify(long size) throws IOException {
        bytes.seal();
        var broken = diskFailure;
        if (broken != null) {
            throw broken;
        }
        var front = Objects.requireNonNull(hash);
        var open = Objects.requireNonNull(part);
        var actual = Digest.of(digest().algorithm(), front.finish(size));
        stopWorkers();
        if (!actual.equals(digest())) {
            return reject("digest mismatch: the " + size + " bytes from " + (source.isEmpty() ? "its source" : source)
                    + " have " + actual);
        }
        open.publish(size);
        shop.ledger().stored(digest(), size, brought());
        return new Verdict.Verified(size);
    }

    /// Where the bytes came from in this run: those who resumed all of them have not been let in by
    /// anybody.
    private Set<Provenance> brought() {
        synchronized (monitor) {
            var sources = new LinkedHashSet<Provenance>(earlier);
            if (running.brought()) {
                sources.add(running.provenance());
            }
            return sources;
        }
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
        if (writer != null && open != null && bytes.total() > 0 && !doubted && Files.exists(open.part())) {
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

    /// Ends the fetch where it is, keeping what has landed; returns when that is done. Nothing when it
    /// has ended.
    void park(String why) {
        synchronized (monitor) {
            if (phase != Phase.FETCHING) {
                return;
            }
            phase = Phase.PARKING;
        }
        // An interrupt in the middle of opening would leave files and threads behind.
        boolean _ = opened.join();
        thread.interrupt();
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
        if (!(ended instanceof Verdict.Verified)) {
            bytes.fail(ArrivalFailedException.of(digest(), ended));
        }
        List<Party> told;
        synchronized (monitor) {
            phase = Phase.ENDED;
            told = List.copyOf(parties.values());
            if (askers == 0) {
                closeFile();
            }
        }
        whenEnded.accept(this);
        told.forEach(party -> party.heeded().complete(ended));
        shop.holds().drop(digest());
        told.forEach(party -> party.verdict().complete(ended));
        verdict.complete(ended);
    }

    private void closeFile() {
        var open = part;
        if (open != null) {
            open.close();
        }
    }
}
