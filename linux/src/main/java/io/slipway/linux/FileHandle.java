package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/// An open regular file. Reads and writes are positional and take heap or direct buffers (direct ones without a
/// copy). Any thread, also several at once; see [Descriptor] for closing.
public final class FileHandle extends Descriptor {
    private static final int PRIVATE = 0600;

    FileHandle(int fd, String where, byte[] name) {
        super(fd, where, name);
    }

    private FileHandle(int fd, String subject) {
        super(fd, subject);
    }

    /// Opens an existing file for reading. A symbolic link as last component is refused.
    public static FileHandle openForReading(Path path) throws IOException {
        return open(path, Flags.O_RDONLY);
    }

    /// Opens a file for reading and writing, making it when absent (0600 before umask). Symbolic links are refused.
    public static FileHandle openOrCreate(Path path) throws IOException {
        return open(path, Flags.O_RDWR | Flags.O_CREAT);
    }

    /// Opens for appending, making the file when absent (0600 before umask): for the output of a child.
    public static FileHandle openForAppending(Path path) throws IOException {
        return open(path, Flags.O_WRONLY | Flags.O_APPEND | Flags.O_CREAT);
    }

    private static FileHandle open(Path path, int flags) throws IOException {
        String subject = path.toString();
        try (Scratch s = Scratch.take()) {
            // O_NONBLOCK: a FIFO in this place must not hold us up; it means nothing to a regular file.
            int all = flags | Flags.O_NOFOLLOW | Flags.O_CLOEXEC | Flags.O_NOCTTY | Flags.O_NONBLOCK;
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.path(subject), all, PRIVATE);
            FileHandle file = new FileHandle((int) s.check(fd, "openat", subject), subject);
            return requireRegular(s, file);
        }
    }

    /// `/dev/null`, for the standard descriptors of children.
    static FileHandle openNull() throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_RDWR | Flags.O_CLOEXEC;
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.path("/dev/null"), flags);
            return new FileHandle((int) s.check(fd, "openat", "/dev/null"), "/dev/null");
        }
    }

    /// The same file once more, for writes that go past the page cache (O_DIRECT); empty where its file system has
    /// no such thing. Memory, position and length of such a write are multiples of the disk's block, else EINVAL.
    public Optional<FileHandle> openDirect() throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_WRONLY | Flags.O_DIRECT | Flags.O_CLOEXEC;
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.pathOf(fd()), flags);
            if (fd < 0 && s.failedWith(Errno.EINVAL)) {
                return Optional.empty();
            }
            return Optional.of(new FileHandle((int) s.check(fd, "openat", this), subject()));
        }
    }

    static FileHandle requireRegular(Scratch s, FileHandle file) throws IOException {
        try {
            if (Statx.of(s, file).type() != FileType.FILE) {
                throw new LinuxException("open, not a regular file:", file.subject(), Errno.EINVAL);
            }
            return file;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Reads at most what fits.
    ///
    /// @return bytes read, -1 at the end of the file
    public int read(ByteBuffer into, long position) throws IOException {
        return Io.pread(this, into, position);
    }

    /// Writes all that remains in `from`.
    public void write(ByteBuffer from, long position) throws IOException {
        Io.pwriteFully(this, from, position);
    }

    /// Writes a range of an array: one pwrite for a small file.
    public void write(byte[] from, int offset, int length, long position) throws IOException {
        Io.pwriteFully(this, from, offset, length, position);
    }

    public Attributes stat() throws IOException {
        try (Scratch s = Scratch.take()) {
            return Statx.of(s, this);
        }
    }

    /// Sets the length; longer than before leaves a hole.
    public void truncate(long size) throws IOException {
        call("ftruncate", Nr.FTRUNCATE, size, 0, 0);
    }

    /// Reserves disk space without changing the length.
    public void allocate(long position, long length) throws IOException {
        call("fallocate", Nr.FALLOCATE, Flags.FALLOC_FL_KEEP_SIZE, position, length);
    }

    /// Gives disk space back; the range then reads as zeros.
    public void punchHole(long position, long length) throws IOException {
        int mode = Flags.FALLOC_FL_PUNCH_HOLE | Flags.FALLOC_FL_KEEP_SIZE;
        call("fallocate", Nr.FALLOCATE, mode, position, length);
    }

    /// The first position at or after `from` that holds data, or empty when only a hole follows.
    public OptionalLong nextData(long from) throws IOException {
        try (Scratch s = Scratch.take()) {
            long at = Sys.call(s, Nr.LSEEK, fd(), from, Flags.SEEK_DATA);
            if (at < 0 && s.failedWith(Errno.ENXIO)) {
                return OptionalLong.empty();
            }
            return OptionalLong.of(s.check(at, "lseek", this));
        }
    }

    /// The first position at or after `from` in a hole (the end of the file counts as one).
    public long nextHole(long from) throws IOException {
        return call("lseek", Nr.LSEEK, from, Flags.SEEK_HOLE, 0);
    }

    /// Copies inside the kernel where it can (a clone on file systems that share extents).
    ///
    /// @return bytes copied, less than asked only at the end of this file
    /// @throws LinuxException EXDEV or EOPNOTSUPP where the kernel can't: read and write instead
    public long copyTo(FileHandle target, long position, long targetPosition, long length) throws IOException {
        long done = 0;
        try (Scratch s = Scratch.take()) {
            while (done < length) {
                s.struct.set(JAVA_LONG, 0, position + done);
                s.struct.set(JAVA_LONG, 8, targetPosition + done);
                long in = s.struct.address();
                long n = Sys.call(s, Nr.COPY_FILE_RANGE, fd(), in, target.fd(), in + 8, length - done, 0);
                if (s.check(n, "copy_file_range", this) == 0) {
                    break;
                }
                done += n;
            }
            return done;
        }
    }

    /// Data and attributes on disk (fsync).
    public void sync() throws IOException {
        call("fsync", Nr.FSYNC, 0, 0, 0);
    }

    /// Data, and what is needed to read it, on disk (fdatasync).
    public void syncData() throws IOException {
        call("fdatasync", Nr.FDATASYNC, 0, 0, 0);
    }

    /// Begins writing a range back without waiting, so that a later [#syncData] has little to do.
    public void startWriteback(long position, long length) throws IOException {
        call("sync_file_range", Nr.SYNC_FILE_RANGE, position, length, Flags.SYNC_FILE_RANGE_WRITE);
    }

    /// Lets the kernel forget what it keeps of a range in memory, as far as that is on disk (POSIX_FADV_DONTNEED).
    public void forget(long position, long length) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.FADVISE64, fd(), position, length, Flags.POSIX_FADV_DONTNEED), "fadvise64", this);
        }
    }

    /// @param uid 0 to 2^32-2, otherwise EINVAL
    /// @param gid likewise
    public void chown(long uid, long gid) throws IOException {
        call("fchown", Nr.FCHOWN, Values.id(uid, this), Values.id(gid, this), 0);
    }

    /// @param mode the twelve permission bits
    public void chmod(int mode) throws IOException {
        call("fchmod", Nr.FCHMOD, Values.mode(mode, this), 0, 0);
    }

    public void utimens(Timestamp accessed, Timestamp modified) throws IOException {
        try (Scratch s = Scratch.take()) {
            long times = Values.times(s, accessed, modified);
            s.check(Sys.call(s, Nr.UTIMENSAT, fd(), 0, times, 0), "utimensat", this);
        }
    }

    public void setXattr(byte[] name, byte[] value) throws IOException {
        Xattrs.set(this, name, value);
    }

    /// The value, or empty when there is none of that name.
    public Optional<byte[]> xattr(byte[] name) throws IOException {
        return Xattrs.get(this, name);
    }

    private long call(String what, long number, long a, long b, long c) throws IOException {
        try (Scratch s = Scratch.take()) {
            while (true) {
                long n = Sys.call(s, number, fd(), a, b, c);
                if (n >= 0 || !s.failedWith(Errno.EINTR)) {
                    return s.check(n, what, this);
                }
            }
        }
    }
}
