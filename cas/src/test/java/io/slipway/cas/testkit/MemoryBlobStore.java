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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A [BlobStore] in memory, one lock for everything: for tests of what uses a store, and the second opinion
/// on the contract. Bodies of a few megabytes at most.
public final class MemoryBlobStore implements BlobStore {

    private static final int SIZE_MAX = 64 << 20;

    private final Duration grace;
    private final Object lock = new Object();
    private final Map<Digest, byte[]> stored = new HashMap<>();
    private final Map<Digest, Run> running = new HashMap<>();
    private final Map<Digest, Left> left = new HashMap<>();

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
            var body = stored.get(request.digest());
            var run = running.get(request.digest());
            if (run == null) {
                run = new Run(request, fetch);
                if (body != null) {
                    run.finishWith(body);
                } else {
                    running.put(request.digest(), run);
                    run.thread.start();
                }
            }
            run.askers++;
            return new Handle(run, request.size());
        }
    }

    @Override
    public Optional<Arrival> arriving(Digest digest) {
        synchronized (lock) {
            var run = running.get(digest);
            if (run == null) {
                return Optional.empty();
            }
            run.askers++;
            return Optional.of(new Handle(run, OptionalLong.empty()));
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

    private final class Run implements Landing {
        private final ArrivalRequest request;
        private final Fetch fetch;
        private final Thread thread = Thread.ofVirtual().unstarted(this::run);
        private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
        private final List<Want> wants = new ArrayList<>();
        private final List<Long> blocked = new ArrayList<>();
        private byte[] data = new byte[0];
        private BitSet landed = new BitSet();
        private OptionalLong size;
        private int askers;
        private int resumed;
        private boolean over;
        private String source = "";
        private @Nullable ArrivalFailedException failure;

        Run(ArrivalRequest request, Fetch fetch) {
            this.request = request;
            this.fetch = fetch;
            this.size = request.size();
            var earlier = left.remove(request.digest());
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
            over = true;
            verdict.complete(new Verdict.Verified(body.length));
        }

        private void run() {
            Verdict end;
            try {
                if (size.isEmpty() || landed.cardinality() < size.getAsLong()) {
                    fetch.run(this);
                }
                end = settle();
            } catch (SizeMismatchException e) {
                end = new Verdict.Rejected("size mismatch: " + e.getMessage());
            } catch (Throwable e) {
                end = new Verdict.Failed(e);
            }
            end(end);
        }

        private Verdict settle() throws IOException {
            synchronized (lock) {
                long length = size.orElse(landed.length());
                if (landed.nextClearBit(0) < length) {
                    throw new IOException("the source ended with " + landed.cardinality() + " of " + length + " bytes");
                }
                size = OptionalLong.of(length);
                var body = Arrays.copyOf(data, (int) length);
                var actual = Bytes.digest(request.digest().algorithm(), body);
                return actual.equals(request.digest())
                        ? new Verdict.Verified(length)
                        : new Verdict.Rejected("digest mismatch: the bytes from " + source + " have " + actual);
            }
        }

        private void end(Verdict end) {
            synchronized (lock) {
                if (over) {
                    return;
                }
                over = true;
                running.remove(request.digest());
                switch (end) {
                    case Verdict.Verified(long length) ->
                        stored.put(request.digest(), Arrays.copyOf(data, (int) length));
                    case Verdict.Rejected rejected -> failure = new ArrivalFailedException(request.digest(), rejected);
                    case Verdict.Failed failed -> {
                        failure = new ArrivalFailedException(request.digest(), failed);
                        left.put(request.digest(), new Left(data, landed));
                    }
                }
                lock.notifyAll();
            }
            verdict.complete(end);
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

        private void requireOpen() {
            if (over) {
                throw new IllegalStateException("this fetch has ended");
            }
        }

        @Override
        public Digest digest() {
            return request.digest();
        }

        @Override
        public OptionalLong size() {
            synchronized (lock) {
                return size;
            }
        }

        @Override
        public void size(long told) throws IOException {
            synchronized (lock) {
                requireOpen();
                if (told < 0 || told > SIZE_MAX || (size.isPresent() && size.getAsLong() != told)) {
                    throw new SizeMismatchException("the source has " + told + " bytes");
                }
                size = OptionalLong.of(told);
                lock.notifyAll();
            }
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

        @Override
        public List<ByteRange> missing() {
            synchronized (lock) {
                return gaps(0, size.orElse(Long.MAX_VALUE));
            }
        }

        @Override
        public void write(long offset, ByteBuffer from) throws IOException {
            synchronized (lock) {
                requireOpen();
                long end = offset + from.remaining();
                if (offset < 0 || end > size.orElse(SIZE_MAX)) {
                    throw new SizeMismatchException("bytes up to " + end + " are too many");
                }
                if (end > data.length) {
                    data = Arrays.copyOf(data, (int) Math.max(end, size.orElse(end * 2)));
                }
                for (int at = (int) offset; at < end; at++) {
                    byte value = from.get();
                    if (!landed.get(at)) {
                        data[at] = value;
                        landed.set(at);
                    }
                }
                lock.notifyAll();
            }
        }

        @Override
        public Optional<ByteRange> wanted() {
            synchronized (lock) {
                long end = size.orElse(Integer.MAX_VALUE);
                for (long position : blocked) {
                    var gaps = gaps(position, Math.min(end, position + (1 << 20)));
                    if (!gaps.isEmpty()) {
                        return Optional.of(gaps.getFirst());
                    }
                }
                return wants.stream()
                        .sorted((a, b) -> b.priority().compareTo(a.priority()))
                        .flatMap(want -> gaps(
                                want.range().from(), Math.min(end, want.range().to()))
                                .stream())
                        .findFirst();
            }
        }

        @Override
        public void source(String host) {
            synchronized (lock) {
                source = host;
            }
        }
    }

    private final class Handle implements Arrival {
        private final Run run;
        private final CompletableFuture<Verdict> verdict;
        private boolean closed;

        Handle(Run run, OptionalLong expected) {
            this.run = run;
            this.verdict = run.verdict.thenApply(end ->
                    end instanceof Verdict.Verified(long size) && expected.isPresent() && expected.getAsLong() != size
                            ? new Verdict.Rejected("size mismatch")
                            : end);
        }

        @Override
        public Digest digest() {
            return run.digest();
        }

        @Override
        public OptionalLong size() {
            return run.size();
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
                        if (run.failure != null) {
                            throw run.failure.again();
                        }
                        if (!into.hasRemaining()) {
                            return 0;
                        }
                        if (run.size.isPresent() && position >= run.size.getAsLong()) {
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
                return new Progress(landed, run.resumed, landed, run.size, run.source);
            }
        }

        @Override
        public void close() {
            synchronized (lock) {
                if (closed) {
                    return;
                }
                closed = true;
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
