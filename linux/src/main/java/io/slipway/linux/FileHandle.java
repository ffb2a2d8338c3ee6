package io.slipway.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/// An open regular file. Reads and writes are positional and take heap or direct buffers (direct ones without a copy).
/// Any thread, also several at once; see [Descriptor] for closing.
public final class FileHandle extends Descriptor {
    FileHandle(int fd, String subject) {
        super(fd, subject);
    }

    /// Opens an existing file for reading. A symbolic link as last component is refused.
    public static FileHandle openForReading(Path path) throws IOException {
        return Pending.body();
    }

    /// Opens a file for reading and writing, making it when absent (0600 before umask). Symbolic links are refused.
    public static FileHandle openOrCreate(Path path) throws IOException {
        return Pending.body();
    }

    /// Opens for appending, making the file when absent (0600 before umask): for the output of a child.
    public static FileHandle openForAppending(Path path) throws IOException {
        return Pending.body();
    }

    /// Reads at most what fits.
    ///
    /// @return bytes read, -1 at the end of the file
    public int read(ByteBuffer into, long position) throws IOException {
        return Pending.<Integer>body();
    }

    /// Writes all that remains in `from`.
    public void write(ByteBuffer from, long position) throws IOException {
        Pending.body();
    }

    /// Writes a range of an array: one pwrite for a small file.
    public void write(byte[] from, int offset, int length, long position) throws IOException {
        Pending.body();
    }

    public Attributes stat() throws IOException {
        return Pending.body();
    }

    /// Sets the length; longer than before leaves a hole.
    public void truncate(long size) throws IOException {
        Pending.body();
    }

    /// Reserves disk space without changing the length.
    public void allocate(long position, long length) throws IOException {
        Pending.body();
    }

    /// Gives disk space back; the range then reads as zeros.
    public void punchHole(long position, long length) throws IOException {
        Pending.body();
    }

    /// The first position at or after `from` that holds data, or empty when only a hole follows.
    public Optional<Long> nextData(long from) throws IOException {
        return Pending.body();
    }

    /// The first position at or after `from` in a hole (the end of the file counts as one).
    public long nextHole(long from) throws IOException {
        return Pending.<Long>body();
    }

    /// Copies inside the kernel where it can (a clone on file systems that share extents).
    ///
    /// @return bytes copied, less than asked only at the end of this file
    public long copyTo(FileHandle target, long position, long targetPosition, long length) throws IOException {
        return Pending.<Long>body();
    }

    /// Data and attributes on disk (fsync).
    public void sync() throws IOException {
        Pending.body();
    }

    /// Data, and what is needed to read it, on disk (fdatasync).
    public void syncData() throws IOException {
        Pending.body();
    }

    /// Begins writing a range back without waiting, so that a later [#syncData] has little to do.
    public void startWriteback(long position, long length) throws IOException {
        Pending.body();
    }

    /// @param uid 0 to 2^32-2, otherwise EINVAL
    /// @param gid likewise
    public void chown(long uid, long gid) throws IOException {
        Pending.body();
    }

    /// @param mode the twelve permission bits
    public void chmod(int mode) throws IOException {
        Pending.body();
    }

    public void utimens(Timestamp accessed, Timestamp modified) throws IOException {
        Pending.body();
    }

    public void setXattr(byte[] name, byte[] value) throws IOException {
        Pending.body();
    }

    /// The value, or empty when there is none of that name.
    public Optional<byte[]> xattr(byte[] name) throws IOException {
        return Pending.body();
    }
}
