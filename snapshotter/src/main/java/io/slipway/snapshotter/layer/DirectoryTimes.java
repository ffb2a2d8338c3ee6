package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.tar.TarEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// What directories get only when everything in them is made: times, which each new child changes, and the
/// setgid bit, which children would inherit. Kept as packed bytes, since a layer may have very
/// many.
final class DirectoryTimes {
    private static final int FIXED_BYTES = 4 + 4 + 12 + 12;
    private static final int CHUNK_BYTES = 1 << 16;

    /// Directories a layer may make and then replace; each is looked at for every other at the end.
    private static final int REMOVED_MAX = 1024;

    private final long max;
    private final NoteBudget budget;
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private final List<PathBytes> removed = new ArrayList<>();
    private final List<Long> removedAt = new ArrayList<>();
    private long count;

    DirectoryTimes(long max, NoteBudget budget) {
        this.max = max;
        this.budget = budget;
    }

    /// Receives what was kept.
    interface Visitor {
        /// `mode` is -1 when it is already right.
        void directory(PathBytes path, int mode, Timestamp accessed, Timestamp modified) throws IOException;
    }

    void add(PathBytes path, int mode, TarEntry entry) {
        if (++count > max) {
            throw tooMany(max);
        }
        byte[] bytes = path.bytes();
        int needed = FIXED_BYTES + bytes.length;
        budget.take(needed);
        if (chunks.isEmpty() || chunks.getLast().remaining() < needed) {
            chunks.add(ByteBuffer.allocate(CHUNK_BYTES));
        }
        chunks.getLast()
                .putInt(bytes.length)
                .put(bytes)
                .putInt(mode)
                .putLong(entry.accessed().seconds())
                .putInt(entry.accessed().nanos())
                .putLong(entry.modified().seconds())
                .putInt(entry.modified().nanos());
    }

    /// What stood at or below that path is gone: entries so far don't count there any more.
    void remove(PathBytes path) {
        budget.take(path.bytes().length);
        removed.add(path);
        removedAt.add(count);
        if (removed.size() > REMOVED_MAX) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer that removes more than " + REMOVED_MAX + " directories of its own");
        }
    }

    void forEach(Visitor visitor) throws IOException {
        long index = 0;
        for (ByteBuffer chunk : chunks) {
            ByteBuffer in = chunk.duplicate().flip();
            while (in.hasRemaining()) {
                byte[] bytes = new byte[in.getInt()];
                in.get(bytes);
                int mode = in.getInt();
                Timestamp accessed = new Timestamp(in.getLong(), in.getInt());
                Timestamp modified = new Timestamp(in.getLong(), in.getInt());
                PathBytes path = PathBytes.clean(bytes);
                if (!gone(path, index++)) {
                    visitor.directory(path, mode, accessed, modified);
                }
            }
        }
    }

    private boolean gone(PathBytes path, long index) {
        for (int i = removed.size() - 1; i >= 0 && removedAt.get(i) > index; i--) {
            if (path.within(removed.get(i))) {
                return true;
            }
        }
        return false;
    }

    static ApiException tooMany(long max) {
        return new ApiException(ApiException.Code.RESOURCE_EXHAUSTED, "layer of more than " + max + " directories");
    }
}
