package io.slipway.linux;

/// An open file descriptor of this process, closed on exec. The owner closes it once everyone who uses it is done:
/// the number is reused by the kernel, so a call that races with [#close] might reach a stranger's file.
public abstract sealed class Descriptor implements AutoCloseable permits Dir, FileHandle, Fifo, PidFd {
    private final String subject;
    private volatile int fd;

    Descriptor(int fd, String subject) {
        this.fd = fd;
        this.subject = subject;
    }

    /// The number.
    ///
    /// @throws IllegalStateException when closed
    final int fd() {
        int open = fd;
        if (open < 0) {
            throw new IllegalStateException(subject + " is closed");
        }
        return open;
    }

    /// What was opened, for messages.
    final String subject() {
        return subject;
    }

    public final boolean isOpen() {
        return fd >= 0;
    }

    /// Gives the number back to the kernel. Repeatable; never throws (sync first where a late write error matters).
    @Override
    public final synchronized void close() {
        int open = fd;
        fd = -1;
        if (open >= 0) {
            Io.close(open);
        }
    }

    @Override
    public final String toString() {
        return subject;
    }
}
