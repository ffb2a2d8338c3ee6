package io.slipway.cas.file;

import io.slipway.cas.Arrival;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/// A handle on a blob that is stored already: everything is there and verified.
final class StoredArrival implements Arrival {

    private final Digest digest;
    private final PositionalFile file;
    private final long size;
    private final Holds holds;
    private final Doubts doubts;
    private final Verdict verdict;
    private final AtomicBoolean closed = new AtomicBoolean();

    /// Takes over the file and a hold on the digest.
    StoredArrival(Digest digest, PositionalFile file, long size, Holds holds, Doubts doubts, OptionalLong expected) {
        this.digest = digest;
        this.file = file;
        this.size = size;
        this.holds = holds;
        this.doubts = doubts;
        this.verdict = FileArrival.Expectation.check(new Verdict.Verified(size), expected);
    }

    @Override
    public Digest digest() {
        return digest;
    }

    @Override
    public String origin() {
        return "";
    }

    @Override
    public CompletableFuture<Provenance> provenance() {
        return CompletableFuture.completedFuture(Provenance.UNKNOWN);
    }

    @Override
    public void doubt() {
        // The verdict was given, but the disk may have spoiled it since.
        doubts.add(digest);
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(size);
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (!into.hasRemaining()) {
            return 0;
        }
        try {
            return file.read(position, into);
        } catch (IOException e) {
            doubts.add(digest);
            throw e;
        }
    }

    @Override
    public CompletableFuture<Verdict> verdict() {
        return CompletableFuture.completedFuture(verdict);
    }

    @Override
    public long available() {
        return size;
    }

    @Override
    public long available(long position) {
        return Math.max(0, size - position);
    }

    @Override
    public void want(ByteRange range, Priority priority) {
        // It is there.
    }

    @Override
    public Progress progress() {
        return new Progress(size, size, size, OptionalLong.of(size), "");
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            file.close();
            holds.drop(digest);
        }
    }
}
