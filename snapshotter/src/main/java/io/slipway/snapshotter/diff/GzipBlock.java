package io.slipway.snapshotter.diff;

import io.slipway.snapshotter.layer.Buffers;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/// One block of a gzip member on its way through a deflater: *filling* (the giver's thread), *packing* (any one
/// thread), *packed* (the giver's again), and round again. Its buffers are lent, its deflater is its own.
final class GzipBlock {
    /// As pigz: small enough that many are under way, large enough that the 5 bytes at its end don't count.
    static final int BYTES = 128 << 10;

    /// How far back deflate looks (RFC 1951, 2).
    static final int WINDOW = 32 << 10;

    final ByteBuffer input;
    private final ByteBuffer before = ByteBuffer.allocateDirect(WINDOW);
    private final ByteBuffer output;
    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);

    /// Both of [Buffers#SIZE]: a block that does not shrink grows by a few bytes per 16 KiB, so the output has room
    /// for it twice over.
    GzipBlock(ByteBuffer input, ByteBuffer output) {
        this.input = input;
        this.output = output;
        input.clear().limit(BYTES);
    }

    /// Begins another block. `previous` (the one before in the stream, not changed meanwhile) is looked back into.
    void begin(ByteBuffer previous) {
        before.clear();
        int n = Math.min(WINDOW, previous.limit());
        before.put(previous.slice(previous.limit() - n, n)).flip();
        input.clear().limit(BYTES);
    }

    /// Begins the first block.
    void begin() {
        before.clear().limit(0);
        input.clear().limit(BYTES);
    }

    /// Packs what was filled in; the input is flipped already. The result ends at a byte's boundary, or the stream
    /// when `last`.
    ByteBuffer pack(boolean last) {
        deflater.reset();
        if (before.hasRemaining()) {
            deflater.setDictionary(before.duplicate());
        }
        deflater.setInput(input.duplicate());
        if (last) {
            deflater.finish();
        }
        output.clear();
        int n;
        do {
            n = deflater.deflate(output, last ? Deflater.NO_FLUSH : Deflater.SYNC_FLUSH);
        } while (n > 0 && output.hasRemaining() && !deflater.finished());
        if (!output.hasRemaining()) {
            throw new IllegalStateException("a deflated block of more than " + Buffers.SIZE + " bytes");
        }
        return output.flip();
    }

    ByteBuffer output() {
        return output;
    }

    void end() {
        deflater.end();
    }
}
