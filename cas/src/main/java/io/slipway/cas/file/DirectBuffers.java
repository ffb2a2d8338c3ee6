package io.slipway.cas.file;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/// Buffers off the heap for hashing, kept for the next use. As many exist as tasks run at once on the bytes
/// pool; what is beyond [#KEPT_MAX] is left to the garbage collector. Thread-safe.
final class DirectBuffers {

    /// Fits the second-level cache: the bytes go from the page cache through it into the hash.
    static final int SIZE_BYTES = 256 << 10;

    private static final int KEPT_MAX = 16;

    private final ArrayBlockingQueue<ByteBuffer> kept = new ArrayBlockingQueue<>(KEPT_MAX);

    ByteBuffer take() {
        var buffer = kept.poll();
        return buffer == null ? ByteBuffer.allocateDirect(SIZE_BYTES) : buffer.clear();
    }

    void give(ByteBuffer buffer) {
        kept.offer(buffer);
    }
}
