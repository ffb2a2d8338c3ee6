package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The machine and this process, asked of the kernel.
public final class Os {
    /// The 22nd field of `/proc/PID/stat` (proc(5)), counted behind the command's name.
    private static final int START_TIME_FIELD = 19;

    /// The map of the first user namespace.
    private static final String ALL_IDS = "0 0 4294967295";

    // linux/resource.h
    private static final int RLIMIT_NOFILE = 7;

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

    /// Whether this process's root is not the machine's own (user_namespaces(7)): ids are mapped.
    public static boolean isInUserNamespace() throws IOException {
        return !line("/proc/self/uid_map").replaceAll(" +", " ").equals(ALL_IDS);
    }

    /// What the kernel takes away from the modes of new files (proc(5), `Umask` of `/proc/self/status`).
    public static int umask() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
            if (line.startsWith("Umask:")) {
                return Integer.parseInt(line.substring("Umask:".length()).strip(), 8);
            }
        }
        throw new IOException("/proc/self/status does not tell the umask");
    }

    /// The kernel's random id of this boot, 36 characters.
    public static String bootId() throws IOException {
        return line("/proc/sys/kernel/random/boot_id");
    }

    public static KernelVersion kernel() throws IOException {
        return KernelVersion.parse(line("/proc/sys/kernel/osrelease"));
    }

    /// Makes a FIFO with exactly this mode, whatever the umask.
    public static void mkfifo(Path path, int mode) throws IOException {
        try (Dir parent = parent(path)) {
            byte[] name = name(path);
            parent.mkfifo(name, mode);
            parent.chmod(name, mode);
        }
    }

    /// Owner of a path, whatever it is; symbolic links are not followed.
    public static void chown(Path path, long uid, long gid) throws IOException {
        try (Dir parent = parent(path)) {
            parent.chown(name(path), uid, gid);
        }
    }

    /// Mode of a path, whatever it is; a symbolic link is refused (EOPNOTSUPP).
    public static void chmod(Path path, int mode) throws IOException {
        try (Dir parent = parent(path)) {
            parent.chmod(name(path), mode);
        }
    }

    /// Waits until everything written to the file system of the directory `path` is on disk.
    public static void syncfs(Path path) throws IOException {
        try (Dir dir = Dir.openRoot(path)) {
            dir.syncFileSystem();
        }
    }

    public static FileSystemInfo fileSystem(Path path) throws IOException {
        return Statfs.of(path);
    }

    /// Whether listings of this directory's file system say the type of each name (d_type), which overlayfs needs.
    /// Tried with a file of its own in `directory`, removed again.
    public static boolean listsTypes(Path directory) throws IOException {
        Path probe = Files.createTempFile(directory, ".d_type-", "");
        try (Dir dir = Dir.openRoot(directory)) {
            byte[] name = name(probe);
            for (Entry entry : dir.list()) {
                if (java.util.Arrays.equals(entry.name(), name)) {
                    return entry.type() == FileType.FILE;
                }
            }
            return false;
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    /// When a process started, in clock ticks since boot: with the pid, the name of a process across restarts of
    /// ours.
    ///
    /// @throws LinuxException ESRCH when there is no such process
    public static long processStartTime(int pid) throws IOException {
        byte[] stat;
        try {
            stat = Files.readAllBytes(Path.of("/proc", Integer.toString(pid), "stat"));
        } catch (NoSuchFileException e) {
            throw new LinuxException("open", "/proc/" + pid + "/stat", Errno.ESRCH);
        } catch (IOException e) {
            // A process that dies between open and read: "No such process".
            if (Files.exists(Path.of("/proc", Integer.toString(pid)))) {
                throw e;
            }
            throw new LinuxException("read", "/proc/" + pid + "/stat", Errno.ESRCH);
        }
        String text = new String(stat, StandardCharsets.ISO_8859_1);
        // The name stands in parentheses and may itself hold blanks and parentheses.
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[START_TIME_FIELD]);
    }

    /// The limits on open descriptors of this process.
    ///
    /// @param soft what it may use
    /// @param hard what it may raise that to
    public record OpenFiles(long soft, long hard) {}

    public static OpenFiles openFiles() throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.PRLIMIT64, 0, RLIMIT_NOFILE, 0, s.struct.address()), "prlimit64", "NOFILE");
            return new OpenFiles(s.struct.get(JAVA_LONG, 0), s.struct.get(JAVA_LONG, 8));
        }
    }

    /// Raises the soft limit on open descriptors to the hard one.
    public static OpenFiles raiseOpenFiles() throws IOException {
        return limitOpenFiles(openFiles().hard());
    }

    /// Sets the soft limit on open descriptors, at most to the hard one.
    public static OpenFiles limitOpenFiles(long soft) throws IOException {
        OpenFiles now = openFiles();
        OpenFiles then = new OpenFiles(Math.min(soft, now.hard()), now.hard());
        try (Scratch s = Scratch.take()) {
            s.struct.set(JAVA_LONG, 0, then.soft());
            s.struct.set(JAVA_LONG, 8, then.hard());
            s.check(Sys.call(s, Nr.PRLIMIT64, 0, RLIMIT_NOFILE, s.struct.address(), 0), "prlimit64", "NOFILE");
        }
        return then;
    }

    static String line(String path) throws IOException {
        return Files.readString(Path.of(path), StandardCharsets.ISO_8859_1).strip();
    }

    private static Dir parent(Path path) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        return Dir.openRoot(parent == null ? Path.of("/") : parent);
    }

    private static byte[] name(Path path) {
        Path name = path.getFileName();
        return (name == null ? "." : name.toString()).getBytes(StandardCharsets.UTF_8);
    }
}
