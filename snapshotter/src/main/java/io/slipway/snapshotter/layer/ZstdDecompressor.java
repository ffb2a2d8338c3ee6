package io.slipway.snapshotter.layer;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Zstandard of any number of frames, skippable ones included (RFC 8878), with windows of at most 2^27 bytes:
/// that is what a node is asked to hold in memory for one layer.
///
/// The library's stream class over arrays is two and a half times as fast as its class over direct buffers; the
/// one copy from array to buffer costs next to nothing beside that.
final class ZstdDecompressor implements Decompressor {
    static final int WINDOW_LOG_MAX = 27;

    private final LayerInput in;
    private final Buffers buffers;
    private final ByteBuffer out;
    private final byte[] bytes = new byte[Buffers.SIZE];
    private final ZstdInputStreamNoFinalizer stream;

    ZstdDecompressor(LayerInput in, Buffers buffers) throws IOException {
        this.in = in;
        this.buffers = buffers;
        this.stream = new ZstdInputStreamNoFinalizer(new Compressed(in));
        this.stream.setLongMax(WINDOW_LOG_MAX);
        this.out = buffers.take();
    }

    @Override
    public @Nullable ByteBuffer next() throws IOException, InterruptedException {
        try {
            int filled = 0;
            while (filled < bytes.length) {
                int n = stream.read(bytes, filled, bytes.length - filled);
                if (n < 0) {
                    break;
                }
                filled += n;
            }
            out.clear();
            out.put(bytes, 0, filled).flip();
            return filled == 0 ? null : out;
        } catch (ZstdIOException e) {
            throw new LayerFormatException("zstd stream at byte " + in.taken() + ": " + e.getMessage(), e);
        } catch (InterruptedIOException e) {
            InterruptedException interrupted = new InterruptedException("interrupted while waiting for bytes");
            interrupted.initCause(e);
            throw interrupted;
        }
    }

    @Override
    public long compressed() {
        return in.taken();
    }

    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing a stream over memory does no input or output", e);
        } finally {
            buffers.give(out);
            in.close();
        }
    }

    /// What the library pulls compressed bytes from.
    private static final class Compressed extends InputStream {
        private final LayerInput in;

        Compressed(LayerInput in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            try {
                if (!in.fill()) {
                    return -1;
                }
            } catch (InterruptedException e) {
                InterruptedIOException interrupted = new InterruptedIOException("interrupted");
                interrupted.initCause(e);
                throw interrupted;
            }
            int n = Math.min(length, in.buffer().remaining());
            in.buffer().get(into, offset, n);
            return n;
        }
    }
}
