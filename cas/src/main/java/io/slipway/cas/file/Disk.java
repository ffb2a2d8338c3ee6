package io.slipway.cas.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.slipway.cas.Faults;
import io.slipway.cas.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/// Every change of the disk goes through here: announced to [Faults] first, and what the system refuses
/// becomes a [StoreException] that says what to do.
///
/// fsync goes through a FileChannel of its own: that one tells the scheduler of virtual threads that it
/// blocks. The calling thread must not be interrupted meanwhile, or that channel is closed and the sync
/// reported as failed.
public final class Disk {

    private final Faults faults;

    public Disk(Faults faults) {
        this.faults = faults;
    }

    PositionalFile openForWriting(Path path) throws StoreException {
        return step("create", path, () -> PositionalFile.open(path, READ, WRITE, CREATE));
    }

    void write(PositionalFile file, long position, ByteBuffer data) throws StoreException {
        step("write", file.path(), () -> {
            file.write(position, data);
            return true;
        });
    }

    void truncate(PositionalFile file, long size) throws StoreException {
        step("truncate", file.path(), () -> {
            file.truncate(size);
            return true;
        });
    }

    /// The bytes of a file, and its length, on disk.
    public void sync(Path path) throws StoreException {
        step("sync", path, () -> {
            try (var channel = FileChannel.open(path, WRITE)) {
                channel.force(false);
            }
            return true;
        });
    }

    /// The names in a directory, on disk (fsync(2): a rename is durable only once its directory is).
    public void syncDirectory(Path directory) throws StoreException {
        step("sync-dir", directory, () -> {
            try (var channel = FileChannel.open(directory, READ)) {
                channel.force(true);
            }
            return true;
        });
    }

    /// Puts a file in place of whatever had that name, at once or not at all.
    public void rename(Path from, Path to) throws StoreException {
        step("rename", to, () -> Files.move(from, to, StandardCopyOption.ATOMIC_MOVE));
    }

    /// The bytes of a file in a second one, in place of what had that name; not synced.
    public void copy(Path from, Path to) throws StoreException {
        step("write", to, () -> Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING));
    }

    /// Whether there was a file to delete.
    public boolean delete(Path path) throws StoreException {
        return step("delete", path, () -> Files.deleteIfExists(path));
    }

    /// Replaces a small file: written aside, then renamed, so that a reader sees the old one or the new one
    /// whole. With `durable`, also after a power cut.
    public void replace(Path path, byte[] content, boolean durable) throws StoreException {
        var aside = path.resolveSibling(path.getFileName() + ContentLayout.NEW);
        step("write", aside, () -> Files.write(aside, content));
        if (durable) {
            sync(aside);
        }
        rename(aside, path);
        if (durable) {
            syncDirectory(parent(path));
        }
    }

    /// A directory that only its owner may enter, and those it is in. Not on disk before [#syncDirectory] of
    /// each of these.
    void createDirectories(Path directory) throws StoreException {
        step(
                "mkdir",
                directory,
                () -> Files.createDirectories(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
    }

    /// Nobody changes a stored blob: make that visible in its mode. Best effort, some file systems have no
    /// modes.
    void makeReadOnly(Path path) throws StoreException {
        step("chmod", path, () -> Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r--r--")));
    }

    /// One change of the disk.
    private interface Change<T> {
        T make() throws IOException;
    }

    private <T> T step(String step, Path path, Change<T> change) throws StoreException {
        try {
            faults.before(step, path.toString());
            try {
                return change.make();
            } finally {
                faults.after(step, path.toString());
            }
        } catch (IOException e) {
            throw refused(step, path, e);
        }
    }

    /// What the system has refused, with what to do about it.
    public static StoreException refused(String what, Path path, IOException cause) {
        if (cause instanceof StoreException already) {
            return already;
        }
        var text = String.valueOf(cause.getMessage());
        // NIO has no error numbers: these are strerror(3)'s texts in the C locale, which the launcher sets.
        boolean noSpace = text.contains("No space left on device") || text.contains("Disk quota exceeded");
        return new StoreException("cannot " + what + " " + path + ": " + text + hint(text), cause, noSpace);
    }

    private static String hint(String text) {
        if (text.contains("No space left on device")) {
            return "; make room on that file system and try again";
        }
        if (text.contains("Disk quota exceeded")) {
            return "; raise the quota or make room and try again";
        }
        if (text.contains("Read-only file system")) {
            return "; mount it writable and try again";
        }
        if (text.contains("Too many open files")) {
            return "; raise the limit of open files";
        }
        return text.contains("Input/output error") ? "; look for the failing disk in the kernel's log" : "";
    }

    private static Path parent(Path path) {
        var parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no parent");
        }
        return parent;
    }
}
