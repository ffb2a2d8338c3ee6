package io.slipway.snapshotter.layer;

import io.slipway.linux.Inflater;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// gzip of any number of members (RFC 1952, 2.2), each verified by its own check sum.
final class GzipDecompressor implements Decompressor {
    private final ArrivalInput in;
    private final Inflater inflater;
    private final Buffers buffers;
    private final ByteBuffer out;
    private boolean betweenMembers;

    GzipDecompressor(ArrivalInput in, Inflater inflater, Buffers buffers) {
        this.in = in;
        this.inflater = inflater;
        this.buffers = buffers;
        this.out = buffers.take();
    }

    @Override
    public @Nullable ByteBuffer next() throws IOException, InterruptedException {
        out.clear();
        while (out.hasRemaining() && in.fill()) {
            if (betweenMembers) {
                inflater.reset();
                betweenMembers = false;
            }
            switch (inflater.inflate(in.buffer(), out)) {
                case NEED_INPUT, NEED_OUTPUT -> {}
                case END_OF_MEMBER -> betweenMembers = true;
            }
        }
        if (out.hasRemaining() && !betweenMembers) {
            throw new LayerFormatException("gzip stream ends early, after " + in.taken() + " bytes");
        }
        out.flip();
        return out.hasRemaining() ? out : null;
    }

    @Override
    public long compressed() {
        return in.taken();
    }

    @Override
    public void close() {
        inflater.close();
        buffers.give(out);
        in.close();
    }
}
