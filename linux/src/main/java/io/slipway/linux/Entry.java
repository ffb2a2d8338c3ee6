package io.slipway.linux;

import java.nio.charset.StandardCharsets;

/// One name of a directory, `.` and `..` never among them.
public final class Entry {
    private final byte[] name;
    private final FileType type;
    private final long inode;

    Entry(byte[] name, FileType type, long inode) {
        this.name = name;
        this.type = type;
        this.inode = inode;
    }

    /// The bytes of the name; the array is the entry's own, don't write to it.
    public byte[] name() {
        return name;
    }

    /// [FileType#UNKNOWN] where the file system doesn't tell.
    public FileType type() {
        return type;
    }

    public long inode() {
        return inode;
    }

    /// For messages only: bytes that are not UTF-8 are shown replaced.
    @Override
    public String toString() {
        return new String(name, StandardCharsets.UTF_8);
    }
}
