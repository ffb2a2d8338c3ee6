package io.slipway.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A child's output as far as there is room for it; the rest is read and thrown away, so that the child goes on.
/// Kept is either the beginning or the end.
final class Captured {
    private static final int PIECE_BYTES = 16 * 1024;

    /// A pipe holds 64 KiB unless somebody enlarges it, to 1 MiB at most (`fs.pipe-max-size`).
    private static final int DRAIN_MAX = 2 << 20;

    private final Pipe pipe;
    private final int max;
    private final boolean last;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private boolean truncated;

    /// @param last whether the last `max` bytes are kept and not the first
    Captured(Pipe pipe, int max, boolean last) {
        this.pipe = pipe;
        this.max = max;
        this.last = last;
    }

    Pipe pipe() {
        return pipe;
    }

    /// One read. @return what [Pipe#read] returned
    int take() throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        int n = pipe.read(piece);
        if (n > 0 && last) {
            kept.write(piece.array(), 0, n);
            forgetFirst();
        } else if (n > 0) {
            int room = Math.min(n, max - kept.size());
            kept.write(piece.array(), 0, room);
            truncated |= n > room;
        }
        return n;
    }

    private void forgetFirst() {
        int over = kept.size() - max;
        if (over > 0) {
            byte[] all = kept.toByteArray();
            kept.reset();
            kept.write(all, over, max);
            truncated = true;
        }
    }

    /// Takes what is there now.
    void drain() throws IOException {
        int drained = 0;
        while (pipe.isOpen() && drained < DRAIN_MAX) {
            int n = take();
            if (n <= 0) {
                return;
            }
            drained += n;
        }
    }

    byte[] bytes() {
        return kept.toByteArray();
    }

    boolean truncated() {
        return truncated;
    }
}
