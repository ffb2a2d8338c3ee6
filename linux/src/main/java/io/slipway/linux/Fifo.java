package io.slipway.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A named pipe opened O_RDWR | O_NONBLOCK: opening never blocks, and reading never sees the end when a writer leaves.
public final class Fifo extends Descriptor {
    Fifo(int fd, String subject) {
        super(fd, subject);
    }

    /// Opens an existing FIFO; anything else is refused (EINVAL).
    public static Fifo open(Path path) throws IOException {
        return Pending.body();
    }

    /// Reads what is there, without blocking.
    ///
    /// @return bytes read, 0 when there is nothing now
    public int read(ByteBuffer into) throws IOException {
        return Pending.<Integer>body();
    }

    /// Writes what fits, without blocking.
    ///
    /// @return bytes written, 0 when the pipe is full
    public int write(ByteBuffer from) throws IOException {
        return Pending.<Integer>body();
    }
}
