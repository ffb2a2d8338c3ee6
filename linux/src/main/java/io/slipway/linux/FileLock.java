package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// An exclusive flock(2), held until closed or until the process ends however it ends.
public final class FileLock implements AutoCloseable {
    private FileLock() {}

    /// Takes the lock on a file, made (0600) when absent.
    ///
    /// @return empty when another process, or another lock of this one, holds it
    public static Optional<FileLock> tryLock(Path file) throws IOException {
        return Pending.body();
    }

    /// Lets go; the file stays. Repeatable.
    @Override
    public void close() {
        Pending.body();
    }
}
