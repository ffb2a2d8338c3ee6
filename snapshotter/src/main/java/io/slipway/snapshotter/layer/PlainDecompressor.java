package io.slipway.snapshotter.layer;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Bytes that are not compressed.
final class PlainDecompressor implements Decompressor {
    private final LayerInput in;

    PlainDecompressor(LayerInput in) {
        this.in = in;
    }

    @Override
    public @Nullable ByteBuffer next() throws IOException, InterruptedException {
        if (!in.fill()) {
            return null;
        }
        ByteBuffer run = in.buffer().duplicate();
        in.buffer().position(in.buffer().limit());
        return run;
    }

    @Override
    public long compressed() {
        return in.taken();
    }

    @Override
    public void close() {
        in.close();
    }
}
