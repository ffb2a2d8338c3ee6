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
import java.util.function.Consumer;

/// One asker's handle on a [Reception].
final class FileArrival implements Arrival {

    private final Reception reception;
    private final Party party;
    private final OptionalLong expected;
    private final Holds holds;
    private final CompletableFuture<Verdict> verdict;
    private final AtomicBoolean closed = new AtomicBoolean();

    /// @param party that the asker has joined
    FileArrival(Reception reception, Party party, Holds holds, OptionalLong expected) {
        this.reception = reception;
        this.party = party;
        this.expected = expected;
        this.holds = holds;
        this.verdict = party.verdict().thenApply(ended -> Expectation.check(ended, expected));
        holds.take(reception.digest());
    }

    @Override
    public Digest digest() {
        return reception.digest();
    }

    @Override
    public String origin() {
        return reception.key().origin();
    }

    @Override
    public CompletableFuture<Provenance> provenance() {
        return reception.provenance();
    }

    @Override
    public void doubt() {
        reception.doubt();
    }

    @Override
    public OptionalLong size() {
        var known = reception.bytes().size();
        return known.isPresent() ? known : expected;
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException, InterruptedException {
        if (closed.get()) {
            throw new IOException("this handle on " + digest() + " is closed");
        }
        if (!into.hasRemaining()) {
            return 0;
        }
        long end = position >= expected.orElse(Long.MAX_VALUE)
                ? -1
                : reception.bytes().await(position, party);
        if (end < 0) {
            return -1;
        }
        int limit = into.limit();
        into.limit((int) Math.min(limit, into.position() + (end - position)));
        try {
            return reception.read(this, position, into);
        } finally {
            into.limit(limit);
        }
    }

    @Override
    public void spent(long position) {
        reception.spent(this, position);
    }

    @Override
    public CompletableFuture<Verdict> verdict() {
        return verdict.copy();
    }

    @Override
    public void heed(Consumer<Verdict> hook) {
        var _ = party.heeded().thenAccept(ended -> hook.accept(Expectation.check(ended, expected)));
    }

    @Override
    public long available() {
        return available(0);
    }

    @Override
    public long available(long position) {
        return party.failure() == null ? reception.bytes().availableFrom(position) : 0;
    }

    @Override
    public void want(ByteRange range, Priority priority) {
        reception.bytes().want(range, priority);
    }

    @Override
    public Progress progress() {
        var now = reception.progress();
        return new Progress(now.landed(), now.resumed(), now.verified(), size(), now.source());
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            reception.leave(party);
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
