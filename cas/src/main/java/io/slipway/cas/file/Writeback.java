package io.slipway.cas.file;

import io.slipway.linux.FileHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// Lets the disk begin with what has landed (sync_file_range(2)), so that the sync before a blob is published
/// has little left to do: without it the kernel holds back gigabytes, and every blob pays for all of its
/// bytes at its end. Lets the kernel forget what nobody reads again (posix_fadvise(2)).
///
/// A hint: nothing depends on it, and where it can't be given nothing is said. On a thread of its own, which
/// ends when there is nothing to do, because the call can wait for the disk's queue.
final class Writeback implements AutoCloseable {

    private static final int QUEUE_MAX = 256;
    private static final Duration IDLE = Duration.ofSeconds(5);

    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(
            1,
            1,
            IDLE.toSeconds(),
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE_MAX),
            Thread.ofPlatform().daemon().name("cas-writeback").factory(),
            new ThreadPoolExecutor.DiscardPolicy());

    Writeback() {
        thread.allowCoreThreadTimeOut(true);
    }

    /// One file's turn in the queue.
    final class Turn {
        private final Path file;
        private final Path published;
        private final AtomicBoolean waiting = new AtomicBoolean();

        private Turn(Path file, Path published) {
            this.file = file;
            this.published = published;
        }

        /// Everything of the file that is dirty now; nothing while an earlier turn still waits.
        void take() {
            if (waiting.compareAndSet(false, true)) {
                try {
                    thread.execute(this::push);
                } catch (RejectedExecutionException closing) {
                    waiting.set(false);
                }
            }
        }

        /// What of that range is on disk leaves the page cache.
        void forget(long from, long to) {
            try {
                thread.execute(() -> drop(from, to));
            } catch (RejectedExecutionException closing) {
                // Then it stays.
            }
        }

        private void drop(long from, long to) {
            try (var handle = FileHandle.openForReading(Files.exists(file) ? file : published)) {
                handle.forget(from, to - from);
            } catch (IOException | RuntimeException | LinkageError noHint) {
                // Dropped meanwhile, or a file system that does not do this.
            }
        }

        private void push() {
            waiting.set(false);
            try (var handle = FileHandle.openForReading(file)) {
                // A length of 0 reaches to the end of the file.
                handle.startWriteback(0, 0);
            } catch (IOException | RuntimeException | LinkageError noHint) {
                // Published or dropped meanwhile, or a file system that does not do this.
            }
        }
    }

    /// @param published the file's name when it is a blob
    Turn of(Path file, Path published) {
        return new Turn(file, published);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
