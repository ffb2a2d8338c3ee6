package io.slipway.snapshotter.diff;

import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.tar.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Packs nothing; gathers small runs into large ones.
final class PlainCompressor implements Compressor {
    private final ByteSink out;
    private final Buffers buffers;
    private final ByteBuffer buffer;

    PlainCompressor(ByteSink out, Buffers buffers) {
        this.out = out;
        this.buffers = buffers;
        this.buffer = buffers.take();
    }

    @Override
    public void write(ByteBuffer run) throws IOException, InterruptedException {
        while (run.hasRemaining()) {
            int n = Math.min(run.remaining(), buffer.remaining());
            buffer.put(run.slice(run.position(), n));
            run.position(run.position() + n);
            if (!buffer.hasRemaining()) {
                flush();
            }
        }
    }

    private void flush() throws IOException, InterruptedException {
        out.write(buffer.flip());
        buffer.clear();
    }

    @Override
    public void finish() throws IOException, InterruptedException {
        if (buffer.position() > 0) {
            flush();
        }
    }

    @Override
    public void close() {
        buffers.give(buffer);
    }
}
