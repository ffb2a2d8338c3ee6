package io.slipway.cas.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
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
        try {
            faults.before("create", path.toString());
            return PositionalFile.open(path, READ, WRITE, CREATE);
        } catch (IOException e) {
            throw refused("create", path, e);
        }
    }

    void write(PositionalFile file, long position, ByteBuffer data) throws StoreException {
        try {
            faults.before("write", file.path().toString());
            file.write(position, data);
        } catch (IOException e) {
            throw refused("write", file.path(), e);
        }
    }

    void truncate(PositionalFile file, long size) throws StoreException {
        try {
            faults.before("truncate", file.path().toString());
            file.truncate(size);
        } catch (IOException e) {
            throw refused("truncate", file.path(), e);
        }
    }

    /// The bytes of a file, and its length, on disk.
    public void sync(Path path) throws StoreException {
        try {
            faults.before("sync", path.toString());
            try (var channel = FileChannel.open(path, WRITE)) {
                channel.force(false);
            }
        } catch (IOException e) {
            throw refused("sync", path, e);
        }
    }

    /// The names in a directory, on disk (fsync(2): a rename is durable only once its directory is).
    public void syncDirectory(Path directory) throws StoreException {
        try {
            faults.before("sync-dir", directory.toString());
            try (var channel = FileChannel.open(directory, READ)) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw refused("sync", directory, e);
        }
    }

    /// Puts a file in place of whatever had that name, at once or not at all.
    public void rename(Path from, Path to) throws StoreException {
        try {
            faults.before("rename", to.toString());
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw refused("rename", to, e);
        }
    }

    /// The bytes of a file in a second one, in place of what had that name; not synced.
    public void copy(Path from, Path to) throws StoreException {
        try {
            faults.before("write", to.toString());
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw refused("copy " + from + " to", to, e);
        }
    }

    /// Whether there was a file to delete.
    public boolean delete(Path path) throws StoreException {
        try {
            faults.before("delete", path.toString());
            return Files.deleteIfExists(path);
        } catch (IOException e) {
            throw refused("delete", path, e);
        }
    }

    /// Replaces a small file: written aside, then renamed, so that a reader sees the old one or the new one
    /// whole. With `durable`, also after a power cut.
    public void replace(Path path, byte[] content, boolean durable) throws StoreException {
        var aside = path.resolveSibling(path.getFileName() + ContentLayout.NEW);
        try {
            faults.before("write", aside.toString());
            try (var channel = FileChannel.open(aside, WRITE, CREATE, TRUNCATE_EXISTING)) {
                var buffer = ByteBuffer.wrap(content);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                if (durable) {
                    channel.force(false);
                }
            }
        } catch (IOException e) {
            throw refused("write", aside, e);
        }
        rename(aside, path);
        if (durable) {
            syncDirectory(parent(path));
        }
    }

    /// A directory that only its owner may enter.
    void createDirectories(Path directory) throws StoreException {
        try {
            faults.before("mkdir", directory.toString());
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw refused("make", directory, e);
        }
    }

    /// Nobody changes a stored blob: make that visible in its mode. Best effort, some file systems have no
    /// modes.
    void makeReadOnly(Path path) throws StoreException {
        try {
            faults.before("chmod", path.toString());
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r--r--"));
        } catch (IOException e) {
            throw refused("change the mode of", path, e);
        }
    }

    static StoreException refused(String what, Path path, IOException cause) {
        if (cause instanceof StoreException already) {
            return already;
        }
        var text = String.valueOf(cause.getMessage());
        // NIO has no error numbers: these are strerror(3)'s texts in the C locale, which the launcher sets.
        boolean noSpace = text.contains("No space left on device") || text.contains("Disk quota exceeded");
        var hint = noSpace
                ? "; make room on that file system and try again"
                : text.contains("Read-only file system")
                        ? "; mount it writable and try again"
                        : text.contains("Too many open files") ? "; raise the limit of open files" : "";
        return new StoreException("cannot " + what + " " + path + ": " + text + hint, cause, noSpace);
    }

    private static Path parent(Path path) {
        var parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no parent");
        }
        return parent;
    }
}
