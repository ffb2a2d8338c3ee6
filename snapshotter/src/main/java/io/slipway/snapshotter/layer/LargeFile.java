package io.slipway.snapshotter.layer;

import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// One large file on its way to the disk, written front to back by one thread.
///
/// Whole blocks go past the page cache. A block for which there is no memory at its beginning goes through it
/// instead, as does what is left behind the last whole [LargeFiles#ALIGNMENT]: the two ways never meet in a page.
final class LargeFile implements AutoCloseable {
    private final LargeFiles files;
    private final FileHandle file;
    private final FileHandle direct;

    /// Filling, from a multiple of the block size on; null between blocks.
    private @Nullable ByteBuffer block;

    private long position;

    /// Up to here everything goes through the page cache.
    private long cachedTo;

    /// Guarded by this object, as is the next.
    private int writing;

    private @Nullable IOException failure;

    LargeFile(LargeFiles files, FileHandle file, FileHandle direct) {
        this.files = files;
        this.file = file;
        this.direct = direct;
    }

    /// The next bytes of the file.
    void write(ByteBuffer run) throws IOException {
        while (run.hasRemaining()) {
            if (block == null && position >= cachedTo) {
                block = files.tryTake();
                if (block == null) {
                    cachedTo = position + LargeFiles.BLOCK_BYTES;
                }
            }
            ByteBuffer filling = block;
            int count = (int) Math.min(run.remaining(), filling == null ? cachedTo - position : filling.remaining());
            ByteBuffer part = run.slice(run.position(), count);
            if (filling == null) {
                file.write(part, position);
            } else {
                filling.put(part);
                if (!filling.hasRemaining()) {
                    block = null;
                    submit(filling.flip(), position + count - LargeFiles.BLOCK_BYTES);
                }
            }
            run.position(run.position() + count);
            position += count;
        }
    }

    private void submit(ByteBuffer full, long at) throws IOException {
        synchronized (this) {
            if (failure != null) {
                files.give(full);
                throw failure;
            }
            writing++;
        }
        try {
            files.execute(() -> settle(full, attempt(full, at)));
        } catch (RejectedExecutionException e) {
            IOException stopping = new IOException("the daemon is stopping", e);
            settle(full, stopping);
            throw stopping;
        }
    }

    private @Nullable IOException attempt(ByteBuffer full, long at) {
        try {
            try {
                direct.write(full, at);
            } catch (LinuxException e) {
                if (e.errno() != Errno.EINVAL) {
                    throw e;
                }
                // Blocks larger than ours, or a write that was cut short.
                file.write(full, at + full.position());
            }
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    private void settle(ByteBuffer done, @Nullable IOException cause) {
        files.give(done);
        synchronized (this) {
            writing--;
            if (failure == null) {
                failure = cause;
            }
            notifyAll();
        }
    }

    /// Writes what is left and waits until every byte is in the file.
    void finish() throws IOException {
        ByteBuffer rest = block;
        if (rest != null) {
            block = null;
            long start = position - rest.position();
            rest.flip();
            int whole = rest.limit() & -LargeFiles.ALIGNMENT;
            try {
                file.write(rest.slice(whole, rest.limit() - whole), start + whole);
            } catch (IOException e) {
                files.give(rest);
                throw e;
            }
            if (whole > 0) {
                submit(rest.limit(whole), start);
            } else {
                files.give(rest);
            }
        }
        await();
        synchronized (this) {
            if (failure != null) {
                throw failure;
            }
        }
    }

    /// Uninterruptibly: memory and descriptors are on loan until the writes are over.
    private void await() {
        boolean interrupted = false;
        synchronized (this) {
            while (writing > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        ByteBuffer unwritten = block;
        block = null;
        if (unwritten != null) {
            files.give(unwritten);
        }
        await();
        direct.close();
    }
}
