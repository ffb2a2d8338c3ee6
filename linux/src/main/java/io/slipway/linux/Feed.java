package io.slipway.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// Bytes on their way into a child's pipe, as fast as it reads them; then, or when nobody reads them, its end.
/// The poller's thread does the work: every step is one call that doesn't block.
final class Feed {
    private final Pipe pipe;
    private final ByteBuffer input;
    private final Poller poller;
    private final Consumer<Exception> failed;

    /// Takes the pipe over.
    ///
    /// @param failed hears of what is neither success nor a reader that left
    Feed(Pipe pipe, byte[] input, Poller poller, Consumer<Exception> failed) {
        this.pipe = pipe;
        this.input = ByteBuffer.wrap(input);
        this.poller = poller;
        this.failed = failed;
    }

    /// Writes what fits, and goes on when there is room again.
    synchronized void step() {
        if (!pipe.isOpen()) {
            return;
        }
        try {
            pipe.write(input);
            if (input.hasRemaining()) {
                poller.watch(pipe, Poller.EPOLLOUT, Runnable::run, _ -> step());
                return;
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.EPIPE) {
                failed.accept(e);
            }
        } catch (IOException | RuntimeException e) {
            failed.accept(e);
        }
        pipe.close();
    }

    /// Ends it wherever it is. Repeatable.
    synchronized void end() {
        poller.unwatch(pipe);
        pipe.close();
    }
}
