package io.slipway.linux;

import java.io.IOException;

/// An open file descriptor of this process, closed on exec. The owner closes it once everyone who uses it is done:
/// the number is reused by the kernel, so a call that races with [#close] might reach a stranger's file.
public abstract sealed class Descriptor implements AutoCloseable
        permits Dir, FileHandle, Fifo, PidFd, EpollFd, EventFd, Pipe, UnixSocket {
    private static final byte[] ITSELF = {};

    /// Characters of a path that messages show of a parent.
    private static final int SUBJECT_MAX = 1000;

    /// Bytes of a name that messages show.
    private static final int NAME_MAX = 300;

    private final String where;
    private final byte[] name;
    private volatile int fd;

    Descriptor(int fd, String subject) {
        this(fd, subject, ITSELF);
    }

    /// The subject is put together only when a message needs it.
    Descriptor(int fd, String where, byte[] name) {
        this.fd = fd;
        this.where = where;
        this.name = name;
    }

    /// The number.
    ///
    /// @throws IllegalStateException when closed
    final int fd() {
        int open = fd;
        if (open < 0) {
            throw new IllegalStateException(subject() + " is closed");
        }
        return open;
    }

    /// What was opened, for messages.
    final String subject() {
        return name.length == 0 ? where : where + "/" + text(name);
    }

    /// A child of it, for messages. Bounded, because a tree may be deeper than any message.
    final String subject(byte[] child) {
        String base = subject();
        if (base.length() > SUBJECT_MAX) {
            base = "..." + base.substring(base.length() - SUBJECT_MAX);
        }
        return base + "/" + text(child);
    }

    /// What statfs(2) says of the file system it lies on.
    public final FileSystemInfo fileSystem() throws IOException {
        return Statfs.of(this);
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
        return subject();
    }

    private static String text(byte[] name) {
        return ByteText.of(name, NAME_MAX);
    }
}
