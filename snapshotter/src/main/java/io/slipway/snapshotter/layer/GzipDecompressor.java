package io.slipway.snapshotter.layer;

import io.slipway.linux.Inflater;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// gzip of any number of members (RFC 1952, 2.2), each verified by its own check sum.
final class GzipDecompressor implements Decompressor {
    private final LayerInput in;
    private final Inflater inflater;
    private final Buffers buffers;
    private final ByteBuffer out;
    private boolean betweenMembers;
    private boolean pending;

    GzipDecompressor(LayerInput in, Inflater inflater, Buffers buffers) {
        this.in = in;
        this.inflater = inflater;
        this.buffers = buffers;
        this.out = buffers.take();
    }

    @Override
    public @Nullable ByteBuffer next() throws IOException, InterruptedException {
        out.clear();
        // What the inflater holds back for want of room may come after the last input was taken.
        while (out.hasRemaining() && (in.fill() || pending)) {
            if (betweenMembers) {
                inflater.reset();
                betweenMembers = false;
            }
            Inflater.Status status = inflater.inflate(in.buffer(), out);
            pending = status == Inflater.Status.NEED_OUTPUT;
            betweenMembers = status == Inflater.Status.END_OF_MEMBER;
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
