package io.slipway.cas.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// A file that many threads read and write at positions.
///
/// Not a FileChannel, because interrupting one thread in a FileChannel closes it for all. An
/// AsynchronousFileChannel is not interruptible; with an executor that runs in the caller it does the plain
/// pread/pwrite in the calling thread.
final class PositionalFile implements AutoCloseable {

    private final Path path;
    private final AsynchronousFileChannel channel;

    private PositionalFile(Path path, AsynchronousFileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    static PositionalFile open(Path path, OpenOption... options) throws IOException {
        Set<OpenOption> all = new HashSet<>(List.of(options));
        all.add(LinkOption.NOFOLLOW_LINKS);
        return new PositionalFile(path, AsynchronousFileChannel.open(path, all, new InCaller()));
    }

    Path path() {
        return path;
    }

    long size() throws IOException {
        return channel.size();
    }

    /// Reads at least one byte, -1 at or past the end.
    int read(long position, ByteBuffer into) throws IOException {
        return done(channel.read(into, position));
    }

    /// Writes all that remains in the buffer.
    void write(long position, ByteBuffer data) throws IOException {
        long at = position;
        while (data.hasRemaining()) {
            at += done(channel.write(data, at));
        }
    }

    void truncate(long size) throws IOException {
        channel.truncate(size);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException nothingIsLost) {
            // Whoever needs the bytes on disk has synced them before.
        }
    }

    private static int done(Future<Integer> io) throws IOException {
        // Ran in this thread, so it is done: get() would look at the interrupt flag first, resultNow() does
        // not.
        return switch (io.state()) {
            case SUCCESS -> io.resultNow();
            case FAILED ->
                throw io.exceptionNow() instanceof IOException e
                        ? new IOException(e.getMessage(), e)
                        : new IOException(io.exceptionNow());
            case RUNNING, CANCELLED -> throw new IOException("file operation ended in state " + io.state());
        };
    }

    /// Runs what it is given at once.
    private static final class InCaller extends AbstractExecutorService {
        @Override
        public void execute(Runnable command) {
            command.run();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
