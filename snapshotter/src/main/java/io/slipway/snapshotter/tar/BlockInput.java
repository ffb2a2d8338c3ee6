package io.slipway.snapshotter.tar;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Blocks and runs out of a [ByteSource], with the position in the stream.
final class BlockInput {
    static final int BLOCK = 512;

    private final ByteSource source;
    private ByteBuffer current = ByteBuffer.allocate(0);
    private long position;

    BlockInput(ByteSource source) {
        this.source = source;
    }

    long position() {
        return position;
    }

    /// Fills `block`; fewer bytes than asked only at the end of the stream.
    int read(byte[] into, int offset, int length) throws IOException, InterruptedException {
        int done = 0;
        while (done < length) {
            if (!current.hasRemaining() && !more()) {
                break;
            }
            int n = Math.min(length - done, current.remaining());
            current.get(into, offset + done, n);
            done += n;
        }
        position += done;
        return done;
    }

    /// The next run of at most `max` bytes, null at the end of the stream. Valid until the next call here.
    @Nullable
    ByteBuffer run(long max) throws IOException, InterruptedException {
        if (!current.hasRemaining() && !more()) {
            return null;
        }
        int n = (int) Math.min(max, current.remaining());
        ByteBuffer run = current.duplicate();
        run.limit(run.position() + n);
        current.position(current.position() + n);
        position += n;
        return run;
    }

    /// Skips that many bytes; false when the stream ends before.
    boolean skip(long count) throws IOException, InterruptedException {
        long left = count;
        while (left > 0) {
            if (!current.hasRemaining() && !more()) {
                return false;
            }
            int n = (int) Math.min(left, current.remaining());
            current.position(current.position() + n);
            position += n;
            left -= n;
        }
        return true;
    }

    /// Reads on to the end of the stream.
    void drain() throws IOException, InterruptedException {
        do {
            position += current.remaining();
            current.position(current.limit());
        } while (more());
    }

    private boolean more() throws IOException, InterruptedException {
        ByteBuffer next = source.next();
        if (next == null) {
            return false;
        }
        current = next;
        return true;
    }
}
