package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// An exclusive flock(2), held until closed or until the process ends however it ends.
public final class FileLock implements AutoCloseable {
    // linux/fcntl.h (LOCK_EX | LOCK_NB)
    private static final int EXCLUSIVE_AT_ONCE = 2 | 4;

    private final FileHandle file;

    private FileLock(FileHandle file) {
        this.file = file;
    }

    /// Takes the lock on a file, made (0600) when absent.
    ///
    /// @return empty when another process, or another lock of this one, holds it
    public static Optional<FileLock> tryLock(Path file) throws IOException {
        FileHandle handle = FileHandle.openOrCreate(file);
        boolean locked = false;
        try (Scratch s = Scratch.take()) {
            long done = Sys.call(s, Nr.FLOCK, handle.fd(), EXCLUSIVE_AT_ONCE);
            if (done < 0 && s.failedWith(Errno.EAGAIN)) {
                return Optional.empty();
            }
            s.check(done, "flock", handle);
            locked = true;
            return Optional.of(new FileLock(handle));
        } finally {
            if (!locked) {
                handle.close();
            }
        }
    }

    /// Lets go; the file stays. Repeatable.
    @Override
    public void close() {
        file.close();
    }
}
