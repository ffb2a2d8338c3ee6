package io.slipway.snapshotter.diff;

import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.tar.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.zip.CRC32;

/// gzip (RFC 1952) on several threads: one member whose blocks are deflated independently, each with the 32 KiB
/// before it as dictionary, and joined at byte boundaries (sync flush). The bytes do not depend on the number of
/// threads, the member carries no time. At most `width` blocks are under way.
final class GzipCompressor implements Compressor {
    private static final byte[] HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};

    private final ByteSink out;
    private final Buffers buffers;
    private final Executor threads;
    private final CRC32 sum = new CRC32();
    private final List<GzipBlock> blocks = new ArrayList<>();
    private final ArrayDeque<GzipBlock> free = new ArrayDeque<>();
    private final ArrayDeque<Packing> underWay = new ArrayDeque<>();
    private GzipBlock filling;
    private long bytes;
    private boolean begun;

    private record Packing(GzipBlock block, CompletableFuture<ByteBuffer> packed) {}

    /// @param width blocks packed at once, 1 or more
    /// @param threads packs them; a block takes a few milliseconds
    GzipCompressor(ByteSink out, Buffers buffers, Executor threads, int width) {
        this.out = out;
        this.buffers = buffers;
        this.threads = threads;
        // One more is filled, and one that is packed lends its input to the next as dictionary.
        for (int i = 0; i < width + 1; i++) {
            GzipBlock block = new GzipBlock(buffers.take(), buffers.take());
            blocks.add(block);
            free.add(block);
        }
        this.filling = free.pop();
        this.filling.begin();
    }

    @Override
    public void write(ByteBuffer run) throws IOException, InterruptedException {
        while (run.hasRemaining()) {
            if (!filling.input.hasRemaining()) {
                submit(false);
            }
            int n = Math.min(run.remaining(), filling.input.remaining());
            filling.input.put(run.slice(run.position(), n));
            run.position(run.position() + n);
        }
    }

    private void submit(boolean last) throws IOException, InterruptedException {
        GzipBlock full = filling;
        full.input.flip();
        sum.update(full.input.duplicate());
        bytes += full.input.limit();
        if (!last) {
            if (free.isEmpty()) {
                take();
            }
            filling = free.pop();
            filling.begin(full.input);
        }
        underWay.add(new Packing(full, CompletableFuture.supplyAsync(() -> full.pack(last), threads)));
    }

    /// Waits for the oldest block and writes it.
    private void take() throws IOException, InterruptedException {
        Packing oldest = underWay.element();
        try {
            ByteBuffer packed = oldest.packed().get();
            begin();
            out.write(packed);
        } catch (ExecutionException e) {
            throw new IllegalStateException("deflating failed", e.getCause());
        }
        free.add(underWay.remove().block());
    }

    private void begin() throws IOException, InterruptedException {
        if (!begun) {
            begun = true;
            out.write(ByteBuffer.wrap(HEADER));
        }
    }

    @Override
    public void finish() throws IOException, InterruptedException {
        submit(true);
        while (!underWay.isEmpty()) {
            take();
        }
        ByteBuffer trailer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        trailer.putInt((int) sum.getValue()).putInt((int) bytes).flip();
        out.write(trailer);
    }

    /// Waits for blocks that are being packed, as their buffers go to others.
    @Override
    public void close() {
        for (Packing packing : underWay) {
            var _ = packing.packed().handle((_, _) -> true).join();
        }
        underWay.clear();
        for (GzipBlock block : blocks) {
            block.end();
            buffers.give(block.input);
            buffers.give(block.output());
        }
        blocks.clear();
    }
}
