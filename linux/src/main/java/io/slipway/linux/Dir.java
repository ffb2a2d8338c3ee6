package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A directory held by descriptor, whose children are named by bytes.
///
/// Every call takes one name of a child: not empty, no slash, no NUL, not `..`, otherwise EINVAL before the kernel is
/// asked. `.` stands for the directory itself where attributes are read or set. A child that is a symbolic link is
/// never followed: calls act on the link, or fail with ELOOP. Only [#openDir] walks a path, and never out of this
/// directory. Any thread, also several at once; see [Descriptor] for closing.
public final class Dir extends Descriptor {
    Dir(int fd, String subject) {
        super(fd, subject);
    }

    /// Takes hold of a directory by path; symbolic links are followed.
    public static Dir openRoot(Path path) throws IOException {
        return Pending.body();
    }

    /// Walks `relative` with this directory as root: `..`, absolute links and magic links stay inside
    /// (openat2, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Empty or `.` is this directory again.
    public Dir openDir(byte[] relative) throws IOException {
        return Pending.body();
    }

    /// Takes hold of a child directory; a symbolic link is refused (ENOTDIR or ELOOP).
    public Dir openChild(byte[] name) throws IOException {
        return Pending.body();
    }

    /// Makes a new file, open for reading and writing (O_CREAT | O_EXCL | O_NOFOLLOW).
    public FileHandle createFile(byte[] name, int mode) throws IOException {
        return Pending.body();
    }

    /// Opens an existing regular file for reading; anything else is refused (EINVAL) without being touched.
    public FileHandle openFile(byte[] name) throws IOException {
        return Pending.body();
    }

    /// Opens an existing regular file for reading and writing; anything else is refused (EINVAL).
    public FileHandle openFileForWriting(byte[] name) throws IOException {
        return Pending.body();
    }

    public void mkdir(byte[] name, int mode) throws IOException {
        Pending.body();
    }

    public void symlink(byte[] target, byte[] name) throws IOException {
        Pending.body();
    }

    /// Makes `name` here another name of `existing` in `from`; a symbolic link is linked itself.
    public void link(Dir from, byte[] existing, byte[] name) throws IOException {
        Pending.body();
    }

    /// @param type FILE, FIFO, SOCKET, CHARACTER_DEVICE or BLOCK_DEVICE
    public void mknod(byte[] name, FileType type, int mode, DeviceNumber device) throws IOException {
        Pending.body();
    }

    public void mkfifo(byte[] name, int mode) throws IOException {
        Pending.body();
    }

    public void unlink(byte[] name) throws IOException {
        Pending.body();
    }

    public void rmdir(byte[] name) throws IOException {
        Pending.body();
    }

    /// Renames over whatever is there (rename(2)).
    public void rename(byte[] name, Dir to, byte[] newName) throws IOException {
        Pending.body();
    }

    /// Renames; fails with EEXIST when `newName` is there.
    public void renameNew(byte[] name, Dir to, byte[] newName) throws IOException {
        Pending.body();
    }

    public Attributes stat(byte[] name) throws IOException {
        return Pending.body();
    }

    /// As [#stat], empty when there is no such name: the cheap way to ask.
    public Optional<Attributes> find(byte[] name) throws IOException {
        return Pending.body();
    }

    public byte[] readlink(byte[] name) throws IOException {
        return Pending.body();
    }

    /// Receives the names of a directory.
    @FunctionalInterface
    public interface Visitor {
        void visit(Entry entry) throws IOException;
    }

    /// Shows every name, in no order, in bounded memory. Names that come or go meanwhile may be missed or shown.
    public void forEach(Visitor visitor) throws IOException {
        Pending.body();
    }

    /// Every name, sorted by unsigned bytes. As large as the directory.
    public List<Entry> list() throws IOException {
        return Pending.body();
    }

    /// @param uid 0 to 2^32-2, otherwise EINVAL
    /// @param gid likewise
    public void chown(byte[] name, long uid, long gid) throws IOException {
        Pending.body();
    }

    /// @param mode the twelve permission bits; a symbolic link has none (EOPNOTSUPP)
    public void chmod(byte[] name, int mode) throws IOException {
        Pending.body();
    }

    public void utimens(byte[] name, Timestamp accessed, Timestamp modified) throws IOException {
        Pending.body();
    }

    public void setXattr(byte[] name, byte[] attribute, byte[] value) throws IOException {
        Pending.body();
    }

    /// The value, or empty when there is none of that name.
    public Optional<byte[]> xattr(byte[] name, byte[] attribute) throws IOException {
        return Pending.body();
    }

    /// The names of all extended attributes that this process may see.
    public List<byte[]> xattrs(byte[] name) throws IOException {
        return Pending.body();
    }

    /// Takes an extended attribute away; one that is not there is fine.
    public void removeXattr(byte[] name, byte[] attribute) throws IOException {
        Pending.body();
    }

    /// Removes a child and all below it, iteratively, by descriptors, never following a link and never leaving the
    /// file system into something mounted below (EBUSY there). A name that is not there is fine.
    public void removeTree(byte[] name) throws IOException {
        Pending.body();
    }

    /// The directory's own names on disk (fsync).
    public void sync() throws IOException {
        Pending.body();
    }

    /// The whole file system on disk (syncfs).
    public void syncFileSystem() throws IOException {
        Pending.body();
    }
}
