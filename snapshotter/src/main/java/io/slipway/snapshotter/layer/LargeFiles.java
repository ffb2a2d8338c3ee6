package io.slipway.snapshotter.layer;

import io.slipway.linux.FileHandle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Writes the data of large files past the page cache, on threads of its own.
///
/// Copying into the page cache and writing it back later costs more than inflating does, and pushes out what
/// running containers use; nearly all bytes of an image are in few large files, of which a container reads little.
/// What the disk does not take at once goes through the page cache after all: no layer ever waits for a slow disk.
/// Thread-safe.
public final class LargeFiles implements AutoCloseable {
    /// From this size on a file is worth a second descriptor and the wait for its last write.
    static final long SIZE_MIN = 512 << 10;

    /// One write. Positions and lengths are multiples of [#ALIGNMENT].
    static final int BLOCK_BYTES = 1 << 20;

    /// Block size of disks and file systems at most; the page cache works in pages of this size, too.
    static final int ALIGNMENT = 4096;

    /// 16 MiB on their way to the disk, for all layers.
    private static final int BLOCKS_MAX = 16;

    /// Enough to keep a disk busy that answers one write after the other.
    private static final int WRITERS = 4;

    private static final long IDLE_S = 5;

    private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
    private int made;
    private final ThreadPoolExecutor writers;

    /// Starts no thread before the first write.
    public LargeFiles() {
        writers = new ThreadPoolExecutor(
                WRITERS,
                WRITERS,
                IDLE_S,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(BLOCKS_MAX),
                Thread.ofPlatform().daemon().name("large-files-", 0).factory());
        writers.allowCoreThreadTimeOut(true);
    }

    /// Begins to write a new file of that size; empty when it is small, or on a file system that can't.
    Optional<LargeFile> open(FileHandle file, long size) throws IOException {
        if (size < SIZE_MIN) {
            return Optional.empty();
        }
        Optional<FileHandle> direct = file.openDirect();
        if (direct.isEmpty()) {
            return Optional.empty();
        }
        LargeFile large = new LargeFile(this, file, direct.get());
        try {
            // Writes that make a file longer wait for each other.
            file.truncate(size);
        } catch (IOException e) {
            large.close();
            throw e;
        }
        return Optional.of(large);
    }

    /// An empty block, or null while all are on their way.
    @Nullable
    ByteBuffer tryTake() {
        synchronized (idle) {
            ByteBuffer block = idle.poll();
            if (block != null || made == BLOCKS_MAX) {
                return block;
            }
            made++;
        }
        return ByteBuffer.allocateDirect(BLOCK_BYTES + ALIGNMENT)
                .alignedSlice(ALIGNMENT)
                .limit(BLOCK_BYTES)
                .slice();
    }

    void give(ByteBuffer block) {
        synchronized (idle) {
            idle.push(block.clear());
        }
    }

    void execute(Runnable write) {
        writers.execute(write);
    }

    @Override
    public void close() {
        writers.shutdown();
    }
}
