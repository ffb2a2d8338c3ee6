package io.slipway.daemon.cli;

import com.google.protobuf.UnsafeByteOperations;
import io.slipway.api.types.transfer.Data;
import io.slipway.api.types.transfer.WindowUpdate;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Sends bytes to the daemon on a stream beside a call, no more of them ahead than it grants. A thread of its own reads
/// the source.
final class Upload implements AutoCloseable {
    private static final int CHUNK_BYTES = 256 << 10;
    /// The daemon lets go of a source that reads slowly at once.
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(2);

    private final SideStream stream;
    private final Thread thread;
    private volatile @Nullable IOException failure;

    /// What is sent.
    @FunctionalInterface
    interface Source {
        void writeTo(OutputStream out) throws IOException;
    }

    private Upload(Connection connection, Source source, ByteMeter meter)
            throws CallFailed, CommandFailed, InterruptedException {
        Semaphore window = new Semaphore(0);
        stream = SideStream.open(connection, "archive", (_, message) -> {
            if (Messages.is(message, Messages.WINDOW_UPDATE)) {
                window.release(
                        Math.max(0, WindowUpdate.parseFrom(message.getValue()).getUpdate()));
            }
        });
        thread = Thread.ofPlatform().daemon().name("read archive").unstarted(() -> send(source, window, meter));
    }

    static Upload start(Connection connection, Source source, ByteMeter meter)
            throws CallFailed, CommandFailed, InterruptedException {
        Upload upload = new Upload(connection, source, meter);
        upload.thread.start();
        return upload;
    }

    private void send(Source source, Semaphore window, ByteMeter meter) {
        try (OutputStream out = new BufferedOutputStream(new Windowed(stream, window, meter), CHUNK_BYTES)) {
            source.writeTo(out);
        } catch (InterruptedIOException _) {
            return;
        } catch (IOException e) {
            failure = e;
            return;
        }
        stream.end();
    }

    /// Why the source could not be read, if so: the daemon still waits for the rest then.
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    String id() {
        return stream.id();
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            var _ = thread.join(STOPPED_WITHIN);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        stream.close();
    }

    private static final class Windowed extends OutputStream {
        private final SideStream stream;
        private final Semaphore window;
        private final ByteMeter meter;

        Windowed(SideStream stream, Semaphore window, ByteMeter meter) {
            this.stream = stream;
            this.window = window;
            this.meter = meter;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int at = offset;
            while (at < offset + length) {
                int count = granted(Math.min(CHUNK_BYTES, offset + length - at));
                byte[] chunk = Arrays.copyOfRange(bytes, at, at + count);
                stream.send(Messages.any(
                        Messages.DATA,
                        Data.newBuilder()
                                .setData(UnsafeByteOperations.unsafeWrap(chunk))
                                .build()));
                meter.moved(count);
                at += count;
            }
        }

        /// How many of `wanted` bytes may be sent now; at least one.
        private int granted(int wanted) throws IOException {
            try {
                window.acquire();
            } catch (InterruptedException e) {
                throw (InterruptedIOException) new InterruptedIOException("stopped").initCause(e);
            }
            int count = 1;
            int more = Math.min(wanted - 1, window.availablePermits());
            if (more > 0 && window.tryAcquire(more)) {
                count += more;
            }
            return count;
        }
    }
}
