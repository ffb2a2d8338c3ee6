package io.slipway.cas.testkit;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import io.slipway.cas.Landing;
import io.slipway.cas.Provenance;
import io.slipway.cas.SizeMismatchException;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A [BlobStore] in memory, one lock for everything: for tests of what uses a store, and the second
/// opinion on the contract. Bodies of a few megabytes at most.
public final class MemoryBlobStore implements BlobStore {

    private static final int SIZE_MAX = 64 << 20;

    private final Duration grace;
    private final Object lock = new Object();
    private final Map<Digest, byte[]> stored = new HashMap<>();
    private final Map<Key, Run> running = new HashMap<>();
    private final Map<Key, Left> left = new HashMap<>();

    private record Key(Digest digest, String origin) {}

    /// What an interrupted fetch left.
    private static final class Left {
        private final byte[] data;
        private final BitSet landed;

        Left(byte[] data, BitSet landed) {
            this.data = data;
            this.landed = landed;
        }
    }

    private record Want(ByteRange range, Arrival.Priority priority) {}

    public MemoryBlobStore(Duration grace) {
        this.grace = grace;
    }

    @Override
    public Optional<Blob> open(Digest digest) throws IOException {
        synchronized (lock) {
            var body = stored.get(digest);
            return body == null ? Optional.empty() : Optional.of(new MemoryBlob(digest, body));
        }
    }

    @Override
    public Arrival arrive(ArrivalRequest request, Fetch fetch) {
        synchronized (lock) {
            var key = new Key(request.digest(), request.origin());
            var body = stored.get(request.digest());
            var run = running.get(key);
            var party = new Party(request, fetch);
            if (run == null || body != null) {
                run = new Run(body == null ? key : new Key(request.digest(), ""), party);
                if (body != null) {
                    run.finishWith(body);
                } else {
                    running.put(key, run);
                    run.thread.start();
                }
            } else {
                party = run.parties.computeIfAbsent(request.provenance(), _ -> new Party(request, fetch));
            }
            party.present++;
            run.askers++;
            return new Handle(run, party, request.size());
        }
    }

    @Override
    public void close() {
        List<Run> all;
        synchronized (lock) {
            all = List.copyOf(running.values());
        }
        all.forEach(run -> run.park("the store is closing"));
    }

    /// Askers with one provenance, whose fetch is run once.
    private static final class Party {
        private final ArrivalRequest request;
        private final Fetch fetch;
        private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
        private int present;
        private boolean brought;
        private @Nullable ArrivalFailedException failure;

        Party(ArrivalRequest request, Fetch fetch) {
            this.request = request;
            this.fetch = fetch;
        }
    }

    private final class Run {
        private final Key key;
        private final Map<Provenance, Party> parties = new LinkedHashMap<>();
        private final Thread thread = Thread.ofVirtual().unstarted(this::run);
        private final List<Want> wants = new ArrayList<>();
        private final List<Long> blocked = new ArrayList<>();
        private byte[] data = new byte[0];
        private BitSet landed = new BitSet();
        private OptionalLong size = OptionalLong.empty();
        private Party turn;
        private int askers;
        private int resumed;
        private boolean mixed;
        private boolean over;
        private boolean doubted;
        private String source = "";

        Run(Key key, Party first) {
            this.key = key;
            this.turn = first;
            parties.put(first.request.provenance(), first);
            var earlier = left.remove(key);
            if (earlier != null) {
                data = earlier.data;
                landed = earlier.landed;
                resumed = landed.cardinality();
            }
        }

        void finishWith(byte[] body) {
            data = body;
            landed.set(0, body.length);
            size = OptionalLong.of(body.length);
            resumed = body.length;
            over = true;
            turn.verdict.complete(new Verdict.Verified(body.length));
        }

        private void run() {
            while (true) {
                Party party;
                synchronized (lock) {
                    party = turn;
                }
                try {
                    var view = new View(this, party);
                    if (!view.missing().isEmpty()) {
                        party.fetch.run(view);
                    }
                    view.dead = true;
                    end(settle(party));
                    return;
                } catch (SizeMismatchException e) {
                    if (!next(party, new Verdict.Rejected("size mismatch: " + e.getMessage()))) {
                        return;
                    }
                } catch (Throwable e) {
                    if (!next(party, new Verdict.Failed(e))) {
                        return;
                    }
                }
            }
        }

        private boolean next(Party failed, Verdict ended) {
            synchronized (lock) {
                if (over) {
                    return false;
                }
                var next = parties.values().stream()
                        .filter(party -> party != failed && party.present > 0)
                        .findFirst();
                if (next.isEmpty()) {
                    end(ended);
                    return false;
                }
                parties.remove(failed.request.provenance());
                mixed |= failed.brought;
                turn = next.get();
                failed.failure = failure(ended);
                failed.verdict.complete(ended);
                lock.notifyAll();
                return true;
            }
        }

        private @Nullable ArrivalFailedException failure(Verdict ended) {
            return ended instanceof Verdict.Verified ? null : ArrivalFailedException.of(key.digest, ended);
        }

        private Verdict settle(Party party) throws IOException {
            synchronized (lock) {
                long length = size.orElse(
                        Math.max(landed.length(), party.request.size().orElse(0)));
                if (landed.nextClearBit(0) < length) {
                    throw new IOException("the source ended with " + landed.cardinality() + " of " + length + " bytes");
                }
                size = OptionalLong.of(length);
                var body = Arrays.copyOf(data, (int) length);
                var actual = Bytes.digest(key.digest.algorithm(), body);
                return actual.equals(key.digest)
                        ? new Verdict.Verified(length)
                        : new Verdict.Rejected("digest mismatch: the bytes from " + source + " have " + actual);
            }
        }

        private void end(Verdict end) {
            List<Party> told;
            synchronized (lock) {
                if (over) {
                    return;
                }
                over = true;
                running.remove(key);
                if (end instanceof Verdict.Verified(long length)) {
                    stored.put(key.digest, Arrays.copyOf(data, (int) length));
                } else if (end instanceof Verdict.Failed && !doubted) {
                    left.put(key, new Left(data, landed));
                }
                told = List.copyOf(parties.values());
                told.forEach(party -> party.failure = failure(end));
                lock.notifyAll();
            }
            told.forEach(party -> party.verdict.complete(end));
        }

        void park(String why) {
            thread.interrupt();
            end(new Verdict.Failed(new IOException("the fetch was given up: " + why)));
        }

        void leave() {
            synchronized (lock) {
                if (--askers > 0 || over) {
                    return;
                }
            }
            Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(grace);
                } catch (InterruptedException e) {
                    return;
                }
                synchronized (lock) {
                    if (askers > 0) {
                        return;
                    }
                }
                park("nobody asks for it any more");
            });
        }

        private List<ByteRange> gaps(long from, long to) {
            var gaps = new ArrayList<ByteRange>();
            int at = landed.nextClearBit((int) from);
            while (at < to) {
                int next = landed.nextSetBit(at);
                gaps.add(new ByteRange(at, next < 0 ? to : Math.min(to, next)));
                if (next < 0) {
                    break;
                }
                at = landed.nextClearBit(next);
            }
            return gaps;
        }
    }

    /// The landing as one party's fetch sees it.
    private final class View implements Landing {
        private final Run run;
        private final Party party;
        private volatile boolean dead;

        View(Run run, Party party) {
            this.run = run;
            this.party = party;
        }

        private void requireOpen() {
            if (run.over || dead) {
                throw new IllegalStateException("this fetch has ended");
            }
        }

        private void expect(long told) throws SizeMismatchException {
            var expected = size();
            if (told < 0 || told > SIZE_MAX || (expected.isPresent() && expected.getAsLong() != told)) {
                throw new SizeMismatchException("the source has " + told + " bytes");
            }
        }

        @Override
        public Digest digest() {
            return run.key.digest;
        }

        @Override
        public OptionalLong size() {
            synchronized (lock) {
                return run.size.isPresent() ? run.size : party.request.size();
            }
        }

        @Override
        public void size(long told) throws IOException {
            synchronized (lock) {
                requireOpen();
                expect(told);
                run.size = OptionalLong.of(told);
                lock.notifyAll();
            }
        }

        @Override
        public List<ByteRange> missing() {
            synchronized (lock) {
                return run.gaps(0, size().orElse(Long.MAX_VALUE));
            }
        }

        @Override
        public void write(long offset, ByteBuffer from) throws IOException {
            synchronized (lock) {
                requireOpen();
                long end = offset + from.remaining();
                if (offset < 0 || end > size().orElse(SIZE_MAX)) {
                    throw new SizeMismatchException("bytes up to " + end + " are too many");
                }
                if (end > run.data.length) {
                    run.data = Arrays.copyOf(run.data, (int) Math.max(end, run.size.orElse(end * 2)));
                }
                for (int at = (int) offset; at < end; at++) {
                    byte value = from.get();
                    if (!run.landed.get(at)) {
                        run.data[at] = value;
                        run.landed.set(at);
                        party.brought = true;
                    }
                }
                lock.notifyAll();
            }
        }

        @Override
        public Optional<ByteRange> wanted() {
            synchronized (lock) {
                long end = size().orElse(Integer.MAX_VALUE);
                for (long position : run.blocked) {
                    var gaps = run.gaps(position, Math.min(end, position + (1 << 20)));
                    if (!gaps.isEmpty()) {
                        return Optional.of(gaps.getFirst());
                    }
                }
                return run.wants.stream()
                        .sorted((a, b) -> b.priority().compareTo(a.priority()))
                        .flatMap(want -> run
                                .gaps(
                                        want.range().from(),
                                        Math.min(end, want.range().to()))
                                .stream())
                        .findFirst();
            }
        }

        @Override
        public void source(String host) {
            synchronized (lock) {
                run.source = host;
            }
        }
    }

    private final class Handle implements Arrival {
        private final Run run;
        private final Party party;
        private final OptionalLong expected;
        private final CompletableFuture<Verdict> verdict;
        private boolean closed;

        Handle(Run run, Party party, OptionalLong expected) {
            this.run = run;
            this.party = party;
            this.expected = expected;
            this.verdict = party.verdict.thenApply(end ->
                    end instanceof Verdict.Verified(long size) && expected.isPresent() && expected.getAsLong() != size
                            ? new Verdict.Rejected("size mismatch")
                            : end);
        }

        @Override
        public Digest digest() {
            return run.key.digest;
        }

        @Override
        public String origin() {
            return run.key.origin;
        }

        @Override
        public CompletableFuture<Provenance> provenance() {
            synchronized (lock) {
                return CompletableFuture.completedFuture(
                        run.mixed || run.resumed > 0 ? Provenance.UNKNOWN : run.turn.request.provenance());
            }
        }

        @Override
        public void doubt() {
            synchronized (lock) {
                run.doubted = true;
            }
        }

        @Override
        public OptionalLong size() {
            synchronized (lock) {
                return run.size.isPresent() ? run.size : expected;
            }
        }

        @Override
        public int read(long position, ByteBuffer into) throws IOException, InterruptedException {
            synchronized (lock) {
                Long waiting = position;
                run.blocked.add(waiting);
                try {
                    while (true) {
                        if (closed) {
                            throw new IOException("this handle is closed");
                        }
                        if (party.failure != null) {
                            throw party.failure.again();
                        }
                        if (!into.hasRemaining()) {
                            return 0;
                        }
                        if (position >= run.size.orElse(expected.orElse(Long.MAX_VALUE))) {
                            return -1;
                        }
                        int end = run.landed.nextClearBit((int) position);
                        if (end > position) {
                            int count = Math.min(into.remaining(), end - (int) position);
                            into.put(run.data, (int) position, count);
                            return count;
                        }
                        if (run.over) {
                            return -1;
                        }
                        lock.wait();
                    }
                } finally {
                    run.blocked.remove(waiting);
                }
            }
        }

        @Override
        public CompletableFuture<Verdict> verdict() {
            return verdict.copy();
        }

        @Override
        public long available() {
            return available(0);
        }

        @Override
        public long available(long position) {
            synchronized (lock) {
                return run.landed.nextClearBit((int) position) - position;
            }
        }

        @Override
        public void want(ByteRange range, Priority priority) {
            synchronized (lock) {
                run.wants.add(new Want(range, priority));
            }
        }

        @Override
        public Progress progress() {
            synchronized (lock) {
                long landed = run.landed.cardinality();
                return new Progress(landed, run.resumed, landed, size(), run.source);
            }
        }

        @Override
        public void close() {
            synchronized (lock) {
                if (closed) {
                    return;
                }
                closed = true;
                party.present--;
                lock.notifyAll();
            }
            run.leave();
        }
    }

    private static final class MemoryBlob implements Blob {
        private final Digest digest;
        private final byte[] body;
        private final FileChannel channel;

        MemoryBlob(Digest digest, byte[] body) throws IOException {
            this.digest = digest;
            this.body = body;
            var file = Files.createTempFile("blob", "");
            Files.write(file, body);
            this.channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE);
        }

        @Override
        public Digest digest() {
            return digest;
        }

        @Override
        public long size() {
            return body.length;
        }

        @Override
        public int read(long position, ByteBuffer into) throws IOException {
            return into.hasRemaining() ? channel.read(into, position) : 0;
        }

        @Override
        public FileChannel channel() {
            return channel;
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
