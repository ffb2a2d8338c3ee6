package io.slipway.snapshotter.layer;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Reads a layer from its beginning through one direct buffer, giving the work permit back while bytes are
/// missing.
final class LayerInput implements AutoCloseable {
    private final LayerBytes bytes;
    private final WorkGate gate;
    private final Buffers buffers;
    private final ByteBuffer buffer;
    private long position;
    private boolean ended;

    LayerInput(LayerBytes bytes, WorkGate gate, Buffers buffers) {
        this.bytes = bytes;
        this.gate = gate;
        this.buffers = buffers;
        this.buffer = buffers.take().limit(0);
    }

    /// Bytes read and not yet taken; takers move its position.
    ByteBuffer buffer() {
        return buffer;
    }

    /// Bytes taken.
    long taken() {
        return position - buffer.remaining();
    }

    /// Reads more when the buffer is empty; false at the end of the blob.
    boolean fill() throws IOException, InterruptedException {
        return buffer.hasRemaining() || more();
    }

    /// Makes at least `wanted` bytes readable, or as many as there are.
    void atLeast(int wanted) throws IOException, InterruptedException {
        boolean more = true;
        while (more && buffer.remaining() < wanted) {
            more = more();
        }
    }

    private boolean more() throws IOException, InterruptedException {
        if (ended) {
            return false;
        }
        buffer.compact();
        try {
            int n = read();
            ended = n < 0;
            position += Math.max(n, 0);
        } finally {
            buffer.flip();
        }
        return !ended;
    }

    private int read() throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (bytes.isHere() && !gate.shouldYield(bytes.left())) {
            return bytes.read(buffer);
        }
        gate.leave();
        try {
            return bytes.read(buffer);
        } finally {
            gate.enterAgain(bytes.left());
        }
    }

    @Override
    public void close() {
        bytes.close();
        buffers.give(buffer);
    }
}
