package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;

/// The machine and this process, asked of the kernel.
public final class Os {
    private Os() {}

    public static long effectiveUser() {
        try (Scratch s = Scratch.take()) {
            return Sys.call(s, Nr.GETEUID, 0);
        }
    }

    public static long effectiveGroup() {
        try (Scratch s = Scratch.take()) {
            return Sys.call(s, Nr.GETEGID, 0);
        }
    }

    /// The kernel's random id of this boot, 36 characters.
    public static String bootId() throws IOException {
        return Pending.body();
    }

    public static KernelVersion kernel() throws IOException {
        return Pending.body();
    }

    /// Makes a FIFO with exactly this mode, whatever the umask.
    public static void mkfifo(Path path, int mode) throws IOException {
        Pending.body();
    }

    /// Owner and mode of a path, whatever it is; symbolic links are not followed.
    public static void chown(Path path, long uid, long gid) throws IOException {
        Pending.body();
    }

    /// Waits until everything written to the file system of `path` is on disk.
    public static void syncfs(Path path) throws IOException {
        Pending.body();
    }

    public static FileSystemInfo fileSystem(Path path) throws IOException {
        return Pending.body();
    }

    /// Whether listings of this directory's file system say the type of each name (d_type), which overlayfs needs.
    public static boolean listsTypes(Path directory) throws IOException {
        return Pending.<Boolean>body();
    }

    /// When a process started, in clock ticks since boot: with the pid, the name of a process across restarts of ours.
    ///
    /// @throws LinuxException ESRCH when there is no such process
    public static long processStartTime(int pid) throws IOException {
        return Pending.<Long>body();
    }

    /// The limits on open descriptors of this process.
    ///
    /// @param soft what it may use
    /// @param hard what it may raise that to
    public record OpenFiles(long soft, long hard) {}

    public static OpenFiles openFiles() throws IOException {
        return Pending.body();
    }

    /// Raises the soft limit on open descriptors to the hard one.
    public static OpenFiles raiseOpenFiles() throws IOException {
        return Pending.body();
    }
}
