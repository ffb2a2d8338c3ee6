package io.slipway.snapshotter.layer;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// Direct buffers of one size, reused: memory outside the heap comes back only when the collector runs, which
/// under load is late. Thread-safe.
public final class Buffers {
    /// Bytes of each buffer: small enough that what was inflated is still in the core's cache when it is hashed
    /// and written, large enough that system calls don't count.
    public static final int SIZE = 256 << 10;

    private static final int KEPT_MAX = 32;

    private final ArrayDeque<ByteBuffer> kept = new ArrayDeque<>();

    /// An empty buffer; give it back.
    public ByteBuffer take() {
        synchronized (kept) {
            ByteBuffer buffer = kept.poll();
            if (buffer != null) {
                return buffer.clear();
            }
        }
        return ByteBuffer.allocateDirect(SIZE);
    }

    /// Takes back what [#take] gave; nobody may use it any more.
    public void give(ByteBuffer buffer) {
        synchronized (kept) {
            if (kept.size() < KEPT_MAX) {
                kept.push(buffer);
            }
        }
    }
}
