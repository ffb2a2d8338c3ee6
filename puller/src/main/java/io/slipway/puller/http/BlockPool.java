package io.slipway.puller.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The direct memory that carries bodies from the event loops to their readers, for the whole process.
///
/// At most [#BLOCKS_MAX] blocks of [#BLOCK_BYTES] exist; who finds none waits its turn and is called back. A block that
/// comes back while others wait is set aside for the one that is called, until that one takes it or cancels: nobody
/// goes before those who wait, and no call is lost with one that has gone. Blocks are kept while bodies are open and
/// given back to the system when the last one closes, so an idle daemon holds none. Thread-safe.
final class BlockPool {
    /// One hand-over: large enough that the disk write costs more than the hand-over.
    static final int BLOCK_BYTES = 512 * 1024;
    /// 16 MiB in flight for the process: more does not make a pull faster, only larger.
    static final int BLOCKS_MAX = 32;

    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by lock, as are the others.
    private final Deque<ByteBuf> idle = new ArrayDeque<>();

    /// Not yet called, in order.
    private final SequencedSet<Runnable> waiting = new LinkedHashSet<>();
    /// Called, with a block set aside for each.
    private final Set<Runnable> called = new HashSet<>();

    private int inUse;
    private int bodies;

    /// A body begins; must be paired with [#closeBody].
    void openBody() {
        lock.lock();
        try {
            bodies++;
        } finally {
            lock.unlock();
        }
    }

    /// A body has given back all its blocks.
    void closeBody() {
        lock.lock();
        try {
            bodies--;
            if (bodies == 0) {
                idle.forEach(ByteBuf::release);
                idle.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    /// An empty block; or null, and `waiter` is run once later, on some thread: it must then come back here,
    /// or [#cancel]. A waiter (told apart by identity) stands in the queue once and keeps its place when it
    /// asks again.
    @Nullable
    ByteBuf tryTake(Runnable waiter) {
        lock.lock();
        try {
            if (!called.remove(waiter) && inUse + called.size() == BLOCKS_MAX) {
                waiting.add(waiter);
                return null;
            }
            inUse++;
            ByteBuf block = idle.pollLast();
            return block == null ? UnpooledByteBufAllocator.DEFAULT.directBuffer(BLOCK_BYTES, BLOCK_BYTES) : block;
        } finally {
            lock.unlock();
        }
    }

    /// This waiter wants no block any more; what was set aside for it goes to the next.
    void cancel(Runnable waiter) {
        Runnable next;
        lock.lock();
        try {
            waiting.remove(waiter);
            next = called.remove(waiter) ? callNext() : null;
        } finally {
            lock.unlock();
        }
        if (next != null) {
            next.run();
        }
    }

    private @Nullable Runnable callNext() {
        if (waiting.isEmpty()) {
            return null;
        }
        Runnable next = waiting.removeFirst();
        called.add(next);
        return next;
    }

    /// Takes a block back; its content is gone.
    void give(ByteBuf block) {
        Runnable next;
        lock.lock();
        try {
            inUse--;
            block.clear();
            if (bodies == 0) {
                block.release();
            } else {
                idle.addLast(block);
            }
            next = callNext();
        } finally {
            lock.unlock();
        }
        if (next != null) {
            next.run();
        }
    }

    /// Blocks that somebody holds, for tests and figures.
    int inUse() {
        lock.lock();
        try {
            return inUse;
        } finally {
            lock.unlock();
        }
    }
}
