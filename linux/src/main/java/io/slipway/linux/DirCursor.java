package io.slipway.linux;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// A place in a directory, for walks that leave it open nowhere while they are elsewhere: at most [#BATCH] names are
/// in memory, however many it has, in no order. One use, one thread.
///
/// Goes on by the kernel's own position of the last name (`d_off`, getdents64(2)), which is opaque and may be sought
/// on another description of the same directory (lseek(2); readdir(3) on telldir). While the directory stays as it is,
/// each name comes once. When names go meanwhile, the others still come once where positions are no counts: on ext4
/// (hash of the name), btrfs (index), XFS (place in the file), tmpfs since Linux 6.6; before, a name that goes from
/// tmpfs hides another. Who removes what it walks uses [Dir#forEach].
public final class DirCursor {
    /// Names of one directory in memory. A walk may be in 2048 at once, each name of 255 bytes: 10 MiB.
    static final int BATCH = 16;

    private final Deque<Entry> batch = new ArrayDeque<>(BATCH);
    private long position;
    private boolean ended;

    /// The next name, or nothing at the end.
    ///
    /// @param dir always the same directory, however opened
    public Optional<Entry> next(Dir dir) throws IOException {
        if (batch.isEmpty() && !ended) {
            fill(dir);
        }
        return Optional.ofNullable(batch.poll());
    }

    private void fill(Dir dir) throws IOException {
        try (Dir listed = Listing.open(dir)) {
            long before = position;
            position = Listing.from(listed, position, BATCH, batch);
            ended = batch.isEmpty();
            if (!ended && position == before) {
                throw new IOException(dir.subject() + ": its file system gives many names the same position");
            }
        }
    }
}
