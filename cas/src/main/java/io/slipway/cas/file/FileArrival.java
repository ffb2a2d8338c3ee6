package io.slipway.cas.file;

import io.slipway.cas.Arrival;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/// One asker's handle on a [Reception].
final class FileArrival implements Arrival {

    private final Reception reception;
    private final Holds holds;
    private final CompletableFuture<Verdict> verdict;
    private final AtomicBoolean closed = new AtomicBoolean();

    /// The asker has been counted by the reception.
    FileArrival(Reception reception, Holds holds, OptionalLong expected) {
        this.reception = reception;
        this.holds = holds;
        this.verdict = reception.verdict().thenApply(ended -> Expectation.check(ended, expected));
        holds.take(reception.digest());
    }

    @Override
    public Digest digest() {
        return reception.digest();
    }

    @Override
    public OptionalLong size() {
        return reception.bytes().size();
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException, InterruptedException {
        if (closed.get()) {
            throw new IOException("this handle on " + digest() + " is closed");
        }
        if (!into.hasRemaining()) {
            return 0;
        }
        long end = reception.bytes().await(position);
        if (end < 0) {
            return -1;
        }
        int limit = into.limit();
        into.limit((int) Math.min(limit, into.position() + (end - position)));
        try {
            return reception.read(position, into);
        } finally {
            into.limit(limit);
        }
    }

    @Override
    public CompletableFuture<Verdict> verdict() {
        return verdict.copy();
    }

    @Override
    public long available() {
        return reception.bytes().prefix();
    }

    @Override
    public long available(long position) {
        return reception.bytes().availableFrom(position);
    }

    @Override
    public void want(ByteRange range, Priority priority) {
        reception.bytes().want(range, priority);
    }

    @Override
    public Progress progress() {
        var bytes = reception.bytes();
        return new Progress(bytes.total(), bytes.resumed(), reception.hashed(), bytes.size(), reception.source());
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            reception.leave();
            holds.drop(digest());
        }
    }

    /// What one asker expects of a size, next to what the blob turned out to be.
    static final class Expectation {
        private Expectation() {}

        static Verdict check(Verdict ended, OptionalLong expected) {
            if (ended instanceof Verdict.Verified(long size) && expected.isPresent() && expected.getAsLong() != size) {
                return new Verdict.Rejected(
                        "size mismatch: it has " + size + " bytes where " + expected.getAsLong() + " are expected");
            }
            return ended;
        }
    }
}
