package io.slipway.snapshotter.diff;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.slipway.snapshotter.tar.ByteSink;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/// Zstandard by the library, on its own threads, in jobs of 2 MiB (which bounds its memory: about four of them
/// for each worker). One frame with a checksum; the bytes do not depend on the number of workers.
final class ZstdCompressor implements Compressor {
    private static final int LEVEL = 3;
    private static final int JOB_BYTES = 2 << 20;
    private static final int PIECE = 128 << 10;

    private final byte[] piece = new byte[PIECE];
    private final Sunk sunk;
    private final ZstdOutputStreamNoFinalizer stream;

    ZstdCompressor(ByteSink out, int workers) throws IOException {
        sunk = new Sunk(out);
        stream = new ZstdOutputStreamNoFinalizer(sunk, LEVEL);
        stream.setWorkers(workers);
        stream.setJobSize(JOB_BYTES);
        stream.setChecksum(true);
    }

    @Override
    public void write(ByteBuffer run) throws IOException, InterruptedException {
        while (run.hasRemaining()) {
            int n = Math.min(run.remaining(), piece.length);
            run.get(piece, 0, n);
            interruptible(() -> stream.write(piece, 0, n));
        }
    }

    @Override
    public void finish() throws IOException, InterruptedException {
        interruptible(stream::close);
        sunk.ended = true;
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void interruptible(Step step) throws IOException, InterruptedException {
        try {
            step.run();
        } catch (InterruptedIOException e) {
            throw (InterruptedException) new InterruptedException("interrupted while packing").initCause(e);
        }
    }

    /// After a failure the rest of the frame goes nowhere.
    @Override
    public void close() {
        sunk.ended = true;
        try {
            stream.closeWithoutClosingParentStream();
        } catch (IOException e) {
            throw new UncheckedIOException("ending a frame that nobody wants failed", e);
        }
    }

    private static final class Sunk extends OutputStream {
        private final ByteSink out;
        private boolean ended;

        Sunk(ByteSink out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (ended) {
                return;
            }
            try {
                out.write(ByteBuffer.wrap(bytes, offset, length));
            } catch (InterruptedException e) {
                throw (InterruptedIOException) new InterruptedIOException("interrupted").initCause(e);
            }
        }
    }
}
