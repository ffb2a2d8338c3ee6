package io.slipway.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// A child that turns what it reads into what it writes. One thread writes and another reads: whoever did both would
/// wait for a child that waits for the other. Both may be interrupted. When the child ends, what is left of its
/// process group is killed.
///
/// Close it when neither thread uses it any more; [#kill] makes both come to their end.
public final class Filter implements AutoCloseable {
    private final Child child;
    private final Pipe input;
    private final Pipe output;
    private final Poller poller;

    Filter(Child child, Pipe input, Pipe output, Poller poller) {
        this.child = child;
        this.input = input;
        this.output = output;
        this.poller = poller;
    }

    public int pid() {
        return child.pid();
    }

    /// Writes some of what remains in `from`, waiting for room.
    ///
    /// @return bytes written, -1 when the child reads no more
    public int write(ByteBuffer from) throws IOException, InterruptedException {
        try {
            while (true) {
                int n = input.write(from);
                if (n > 0 || !from.hasRemaining()) {
                    return n;
                }
                boolean _ = await(input, Poller.EPOLLOUT, Duration.ofDays(1));
            }
        } catch (LinuxException e) {
            if (e.errno() == Errno.EPIPE) {
                return -1;
            }
            throw e;
        }
    }

    /// The child reads the end after what was written. Only the writing thread, or once it is gone.
    public void endInput() {
        input.close();
    }

    /// Reads what there is, waiting for the first byte.
    ///
    /// @return bytes read, 0 when nothing came within `limit`, -1 at the end
    public int read(ByteBuffer into, Duration limit) throws IOException, InterruptedException {
        int n = output.read(into);
        if (n != 0 || !into.hasRemaining()) {
            return n;
        }
        return await(output, Poller.EPOLLIN, limit) ? output.read(into) : 0;
    }

    /// How the child ended; see [Child#result].
    public CompletableFuture<ChildResult> result() {
        return child.result();
    }

    /// Kills the child with its group unless it has ended.
    public void kill() {
        child.close();
    }

    private boolean await(Pipe pipe, int interest, Duration limit) throws IOException, InterruptedException {
        Semaphore ready = new Semaphore(0);
        poller.watch(pipe, interest, Runnable::run, _ -> ready.release());
        try {
            return ready.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
        } finally {
            poller.unwatch(pipe);
        }
    }

    /// Kills the child unless it has ended, and closes both pipes. Repeatable.
    @Override
    public void close() {
        kill();
        input.close();
        output.close();
    }
}
