package io.slipway.cas.file;

import io.slipway.linux.Hasher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Hashes a file from the front as far as its bytes have come, on the bytes pool, at most one task at a time.
///
/// It reads back what was written: the copy out of the page cache costs a tenth of the hash, needs no
/// hand-over of buffers between threads however the ranges arrive, and what is hashed is what will be served.
final class HashFront implements AutoCloseable {

    /// After this much a task queues again behind others.
    private static final long SLICE_BYTES = 16 << 20;

    private final Executor bytes;
    private final DirectBuffers buffers;
    private final Hasher hasher;
    private final PositionalFile file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long target;
    private boolean running;
    private boolean closed;
    private @Nullable Throwable failure;
    private volatile long hashed;

    HashFront(Executor bytes, DirectBuffers buffers, Hasher hasher, PositionalFile file) {
        this.bytes = bytes;
        this.buffers = buffers;
        this.hasher = hasher;
        this.file = file;
    }

    /// The first `prefix` bytes of the file will not change any more.
    void advance(long prefix) {
        boolean start;
        lock.lock();
        try {
            target = Math.max(target, prefix);
            start = !running && !closed && failure == null && hashed < target;
            running |= start;
        } finally {
            lock.unlock();
        }
        if (start) {
            submit();
        }
    }

    long hashed() {
        return hashed;
    }

    /// Waits until the first `size` bytes are hashed; call once.
    byte[] finish(long size) throws IOException {
        awaitHashed(size);
        return hasher.digest();
    }

    /// Waits until the first `size` bytes are hashed, and no more than those were to be; more may follow.
    byte[] soFar(long size) throws IOException {
        awaitHashed(size);
        return hasher.digestSoFar();
    }

    private void awaitHashed(long size) throws IOException {
        advance(size);
        lock.lock();
        try {
            while (hashed < size && failure == null) {
                changed.awaitUninterruptibly();
            }
            if (failure != null) {
                throw new IOException("hashing failed: " + failure.getMessage(), failure);
            }
        } finally {
            lock.unlock();
        }
    }

    private void submit() {
        try {
            bytes.execute(this::work);
        } catch (RejectedExecutionException e) {
            settle(e);
        }
    }

    private void work() {
        long to;
        lock.lock();
        try {
            to = closed ? hashed : Math.min(target, hashed + SLICE_BYTES);
        } finally {
            lock.unlock();
        }
        var buffer = buffers.take();
        try {
            hash(buffer, to);
        } catch (Throwable e) {
            settle(e);
            return;
        } finally {
            buffers.give(buffer);
        }
        boolean again;
        lock.lock();
        try {
            again = hashed < target && !closed;
            running = again;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (again) {
            submit();
        }
    }

    private void hash(ByteBuffer buffer, long to) throws IOException {
        long at = hashed;
        while (at < to) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), to - at));
            int count = file.read(at, buffer);
            if (count < 0) {
                throw new IOException(file.path() + " ends at " + at + " where " + to + " bytes were written");
            }
            hasher.update(buffer.flip());
            at += count;
            hashed = at;
        }
    }

    private void settle(Throwable why) {
        lock.lock();
        try {
            failure = why;
            running = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a task that is running, then frees the hash.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            while (running) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        hasher.close();
    }
}
