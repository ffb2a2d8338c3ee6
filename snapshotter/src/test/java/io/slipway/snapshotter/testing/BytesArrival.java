package io.slipway.snapshotter.testing;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/// An arrival whose bytes are in memory and become readable as the test says.
public final class BytesArrival implements Arrival {
    private final byte[] bytes;
    private final Digest digest;
    private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
    private long landed;
    private long taken;
    private boolean closed;
    private volatile String origin = "registry.test";

    private BytesArrival(byte[] bytes, long landed) {
        this.bytes = bytes;
        this.landed = landed;
        this.digest = digestOf(bytes);
    }

    /// Everything there and verified.
    public static BytesArrival whole(byte[] bytes) {
        BytesArrival arrival = new BytesArrival(bytes, bytes.length);
        arrival.verdict.complete(new Verdict.Verified(bytes.length));
        return arrival;
    }

    /// The same from another origin than `registry.test`.
    public BytesArrival from(String other) {
        origin = other;
        return this;
    }

    /// Nothing there yet, no verdict.
    public static BytesArrival pending(byte[] bytes) {
        return new BytesArrival(bytes, 0);
    }

    public static Digest digestOf(byte[] bytes) {
        try {
            return Digest.of(
                    Algorithm.SHA256,
                    java.security.MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What points at the bytes.
    public Descriptor descriptor(String mediaType) {
        return new Descriptor(mediaType, digest, bytes.length);
    }

    /// More bytes are there.
    public synchronized void land(long upTo) {
        landed = Math.min(upTo, bytes.length);
        notifyAll();
    }

    public synchronized void decide(Verdict decision) {
        verdict.complete(decision);
        notifyAll();
    }

    public synchronized boolean closed() {
        return closed;
    }

    /// Bytes that were read, each as often as it was.
    public synchronized long taken() {
        return taken;
    }

    @Override
    public Digest digest() {
        return digest;
    }

    @Override
    public String origin() {
        return origin;
    }

    @Override
    public CompletableFuture<Provenance> provenance() {
        return CompletableFuture.completedFuture(Provenance.UNKNOWN);
    }

    @Override
    public void doubt() {}

    @Override
    public OptionalLong size() {
        return OptionalLong.of(bytes.length);
    }

    @Override
    public synchronized int read(long position, ByteBuffer into) throws IOException, InterruptedException {
        while (position >= landed && landed < bytes.length) {
            if (verdict.getNow(null) instanceof Verdict.Failed failed) {
                throw new ArrivalFailedException(digest, failed);
            }
            wait();
        }
        if (closed) {
            throw new IOException("read after close");
        }
        if (position >= bytes.length) {
            return -1;
        }
        int n = (int) Math.min(into.remaining(), landed - position);
        into.put(bytes, (int) position, n);
        taken += n;
        return n;
    }

    @Override
    public CompletableFuture<Verdict> verdict() {
        return verdict;
    }

    @Override
    public long available() {
        return available(0);
    }

    @Override
    public synchronized long available(long position) {
        return Math.max(0, landed - position);
    }

    @Override
    public void want(ByteRange range, Priority priority) {}

    @Override
    public synchronized Progress progress() {
        return new Progress(landed, 0, landed, size(), "test");
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
