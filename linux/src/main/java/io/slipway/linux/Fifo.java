package io.slipway.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A named pipe opened O_RDWR | O_NONBLOCK: opening never blocks, and reading never sees the end when a writer
/// leaves.
public final class Fifo extends Descriptor {
    private Fifo(int fd, String subject) {
        super(fd, subject);
    }

    /// Opens an existing FIFO; anything else is refused (EINVAL).
    public static Fifo open(Path path) throws IOException {
        String subject = path.toString();
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_RDWR | Flags.O_NONBLOCK | Flags.O_NOFOLLOW | Flags.O_CLOEXEC | Flags.O_NOCTTY;
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.path(subject), flags);
            Fifo fifo = new Fifo((int) s.check(fd, "openat", subject), subject);
            try {
                if (Statx.of(s, fifo).type() != FileType.FIFO) {
                    throw new LinuxException("open, not a FIFO:", subject, Errno.EINVAL);
                }
                return fifo;
            } catch (IOException | RuntimeException e) {
                fifo.close();
                throw e;
            }
        }
    }

    /// Reads what is there, without blocking.
    ///
    /// @return bytes read, 0 when there is nothing now
    public int read(ByteBuffer into) throws IOException {
        return Io.readNow(this, into);
    }

    /// Writes what fits, without blocking.
    ///
    /// @return bytes written, 0 when the pipe is full
    public int write(ByteBuffer from) throws IOException {
        return Io.writeNow(this, from);
    }
}
