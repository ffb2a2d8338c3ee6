package io.slipway.runtime.log;

import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.locks.ReentrantLock;

/// The log of one container: the file that the shim appends to, and before it what was cut off last.
///
/// When the file has reached [#CUT_AT_BYTES], its last that many bytes are copied to `<name>.1`, over the one
/// before,
/// and it is cut to nothing; the shim, which appends, goes on at its start. So what can be read back is at least the
/// last 6 MiB of the output, and both files together hold at most 12 MiB, or 14 if the container writes fast while
/// it
/// is copied, plus what it writes between two looks. Everything older is gone. Bytes written between the end of a
/// copy
/// and the cut, normally some microseconds, are lost.
///
/// Positions count what was written since this daemon started (and what it then found), over all cuts. Thread-safe;
/// every method does file work and blocks.
final class LogFile {
    /// Where the file is cut.
    static final long CUT_AT_BYTES = 6 << 20;

    /// A container that writes as fast as we copy does not keep the copy going for ever.
    private static final long COPY_BYTES_MAX = 8 << 20;

    private static final int COPY_BYTES = 256 << 10;

    private final Path file;
    private final Path previous;
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by lock: the position of the first byte of `file`, and of `previous`.
    private long fileStart;

    private long previousStart;

    /// @param file need not exist yet
    LogFile(Path file) throws IOException {
        this.file = file;
        this.previous = file.resolveSibling(file.getFileName() + ".1");
        this.fileStart = size(previous);
    }

    /// Whether anything was ever written.
    boolean exists() {
        return Files.exists(file) || Files.exists(previous);
    }

    /// The position behind the last byte.
    long end() throws IOException {
        lock.lock();
        try {
            return fileStart + size(file);
        } finally {
            lock.unlock();
        }
    }

    /// The position of the first byte that can still be read.
    long start() {
        lock.lock();
        try {
            return previousStart;
        } finally {
            lock.unlock();
        }
    }

    /// Reads at `position`, or where the first byte still there is if that is later.
    ///
    /// @return the position behind what was read; the same as `position` when nothing is there (yet)
    long read(long position, ByteBuffer into) throws IOException {
        lock.lock();
        try {
            long from = Math.max(position, previousStart);
            boolean old = from < fileStart;
            try (FileHandle handle = FileHandle.openForReading(old ? previous : file)) {
                if (old) {
                    into.limit((int) Math.min(into.limit(), into.position() + (fileStart - from)));
                }
                int read = handle.read(into, from - (old ? previousStart : fileStart));
                return read <= 0 ? from : from + read;
            }
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return position;
            }
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /// Cuts the file when it is time.
    ///
    /// @return whether it was cut
    boolean trim() throws IOException {
        if (size(file) < CUT_AT_BYTES) {
            return false;
        }
        lock.lock();
        try {
            Path copy = file.resolveSibling(file.getFileName() + ".2");
            Files.deleteIfExists(copy);
            long skipped = Math.max(0, size(file) - CUT_AT_BYTES);
            long copied = 0;
            try (FileHandle from = FileHandle.openOrCreate(file);
                    FileHandle to = FileHandle.openOrCreate(copy)) {
                ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
                while (copied < COPY_BYTES_MAX && from.read(buffer.clear(), skipped + copied) > 0) {
                    to.write(buffer.flip(), copied);
                    copied += buffer.limit();
                }
                from.truncate(0);
            }
            Files.move(copy, previous, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            previousStart = fileStart + skipped;
            fileStart = previousStart + copied;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Removes everything.
    void delete() throws IOException {
        lock.lock();
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(previous);
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".2"));
        } finally {
            lock.unlock();
        }
    }

    private static long size(Path path) throws IOException {
        try {
            return Files.size(path);
        } catch (NoSuchFileException e) {
            return 0;
        }
    }
}
