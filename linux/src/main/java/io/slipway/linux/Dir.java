package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A directory held by descriptor, whose children are named by bytes.
///
/// Every call takes one name of a child: not empty, no slash, no NUL, not `..`, otherwise EINVAL before the kernel is
/// asked. `.` stands for the directory itself where attributes are read or set. A child that is a symbolic link is
/// never followed: calls act on the link, or fail with ELOOP. Only [#openDir] walks a path, and never out of this
/// directory. Any thread, also several at once; see [Descriptor] for closing.
public final class Dir extends Descriptor {
    private static final int HOLD = Flags.O_PATH | Flags.O_DIRECTORY | Flags.O_CLOEXEC;
    private static final byte[] SELF = {'.'};

    Dir(int fd, String subject) {
        super(fd, subject);
    }

    /// Takes hold of a directory by path; symbolic links are followed.
    public static Dir openRoot(Path path) throws IOException {
        String subject = path.toString();
        try (Scratch s = Scratch.take()) {
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.path(subject), HOLD);
            return new Dir((int) s.check(fd, "openat", subject), subject);
        }
    }

    /// Walks `relative` with this directory as root: `..`, absolute links and magic links stay inside
    /// (openat2, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Empty or `.` is this directory again.
    public Dir openDir(byte[] relative) throws IOException {
        byte[] walk = relative.length == 0 ? SELF : relative;
        try (Scratch s = Scratch.take()) {
            long resolve = Flags.RESOLVE_IN_ROOT | Flags.RESOLVE_NO_MAGICLINKS;
            long fd = OpenHow.call(s, this, s.path(walk), HOLD, resolve);
            return new Dir((int) s.check(fd, "openat2", this, walk), subject(walk));
        }
    }

    /// As [#openDir], but any symbolic link on the way, the last component included, is refused (ELOOP): what opens is
    /// where its path says.
    public Dir openDirUnlinked(byte[] relative) throws IOException {
        byte[] walk = relative.length == 0 ? SELF : relative;
        try (Scratch s = Scratch.take()) {
            long resolve = Flags.RESOLVE_IN_ROOT | Flags.RESOLVE_NO_SYMLINKS;
            long fd = OpenHow.call(s, this, s.path(walk), HOLD, resolve);
            return new Dir((int) s.check(fd, "openat2", this, walk), subject(walk));
        }
    }

    /// Bytes of the path, from the root of this process, at which the kernel has the directory now.
    ///
    /// @throws LinuxException ENAMETOOLONG: more than PATH_MAX
    public int pathLength() throws IOException {
        try (Scratch s = Scratch.take()) {
            long link = s.path("/proc/self/fd/" + fd());
            long n = Sys.call(s, Nr.READLINKAT, Flags.AT_FDCWD, link, s.data().address(), Flags.PATH_MAX);
            return (int) s.check(n, "readlinkat", this);
        }
    }

    /// Takes hold of a child directory; a symbolic link is refused (ENOTDIR or ELOOP).
    public Dir openChild(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long fd = Sys.call(s, Nr.OPENAT, fd(), s.name(this, name), HOLD | Flags.O_NOFOLLOW);
            return new Dir((int) s.check(fd, "openat", this, name), subject(name));
        }
    }

    /// Makes a new file, open for reading and writing (O_CREAT | O_EXCL | O_NOFOLLOW).
    ///
    /// @param mode the twelve permission bits, before umask
    public FileHandle createFile(byte[] name, int mode) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_RDWR | Flags.O_CREAT | Flags.O_EXCL | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
            long fd = Sys.call(s, Nr.OPENAT, fd(), s.name(this, name), flags, Values.mode(mode, this));
            return new FileHandle((int) s.check(fd, "openat", this, name), subject(), name);
        }
    }

    /// Opens an existing regular file for reading; anything else is refused (EINVAL) without being touched.
    public FileHandle openFile(byte[] name) throws IOException {
        return open(name, Flags.O_RDONLY);
    }

    /// Opens an existing regular file for reading and writing; anything else is refused (EINVAL).
    public FileHandle openFileForWriting(byte[] name) throws IOException {
        return open(name, Flags.O_RDWR);
    }

    /// Holds the name first and looks what it is: opening a FIFO blocks, and opening a device does things.
    private FileHandle open(byte[] name, int flags) throws IOException {
        try (Scratch s = Scratch.take()) {
            try (FileHandle file = FileHandle.requireRegular(s, hold(s, name))) {
                long path = s.pathOf(file.fd());
                long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, path, flags | Flags.O_CLOEXEC);
                return new FileHandle((int) s.check(fd, "openat", this, name), subject(), name);
            }
        }
    }

    private FileHandle hold(Scratch s, byte[] name) throws IOException {
        int flags = Flags.O_PATH | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
        long fd = s.check(Sys.call(s, Nr.OPENAT, fd(), s.name(this, name), flags), "openat", this, name);
        return new FileHandle((int) fd, subject(), name);
    }

    public void mkdir(byte[] name, int mode) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            s.check(Sys.call(s, Nr.MKDIRAT, fd(), path, Values.mode(mode, this)), "mkdirat", this, name);
        }
    }

    public void symlink(byte[] target, byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long to = s.secondPath(target);
            s.check(Sys.call(s, Nr.SYMLINKAT, to, fd(), s.name(this, name)), "symlinkat", this, name);
        }
    }

    /// Makes `name` here another name of `existing` in `from`; a symbolic link is linked itself.
    public void link(Dir from, byte[] existing, byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long old = s.secondName(from, existing);
            s.check(Sys.call(s, Nr.LINKAT, from.fd(), old, fd(), s.name(this, name), 0), "linkat", this, name);
        }
    }

    /// @param type FILE, FIFO, SOCKET, CHARACTER_DEVICE or BLOCK_DEVICE
    public void mknod(byte[] name, FileType type, int mode, DeviceNumber device) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            int full = type.modeBits | Values.mode(mode, this);
            s.check(Sys.call(s, Nr.MKNODAT, fd(), path, full, device.encoded()), "mknodat", this, name);
        }
    }

    public void mkfifo(byte[] name, int mode) throws IOException {
        mknod(name, FileType.FIFO, mode, DeviceNumber.ZERO);
    }

    public void unlink(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.UNLINKAT, fd(), s.name(this, name), 0), "unlinkat", this, name);
        }
    }

    public void rmdir(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            s.check(Sys.call(s, Nr.UNLINKAT, fd(), path, Flags.AT_REMOVEDIR), "unlinkat", this, name);
        }
    }

    /// Renames over whatever is there (rename(2)).
    public void rename(byte[] name, Dir to, byte[] newName) throws IOException {
        rename(name, to, newName, 0);
    }

    /// Renames; fails with EEXIST when `newName` is there.
    public void renameNew(byte[] name, Dir to, byte[] newName) throws IOException {
        rename(name, to, newName, Flags.RENAME_NOREPLACE);
    }

    private void rename(byte[] name, Dir to, byte[] newName, int flags) throws IOException {
        try (Scratch s = Scratch.take()) {
            long from = s.name(this, name);
            long target = s.secondName(to, newName);
            s.check(Sys.call(s, Nr.RENAMEAT2, fd(), from, to.fd(), target, flags), "renameat2", this, name);
        }
    }

    public Attributes stat(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Statx.ask(s, fd(), s.name(this, name), Flags.AT_SYMLINK_NOFOLLOW), "statx", this, name);
            return Statx.answer(s);
        }
    }

    /// As [#stat], empty when there is no such name: the cheap way to ask.
    public Optional<Attributes> find(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long found = Statx.ask(s, fd(), s.name(this, name), Flags.AT_SYMLINK_NOFOLLOW);
            if (found < 0 && s.failedWith(Errno.ENOENT)) {
                return Optional.empty();
            }
            s.check(found, "statx", this, name);
            return Optional.of(Statx.answer(s));
        }
    }

    public byte[] readlink(byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            long n = Sys.call(s, Nr.READLINKAT, fd(), path, s.data().address(), Flags.PATH_MAX);
            s.check(n, "readlinkat", this, name);
            return s.data().asSlice(0, n).toArray(JAVA_BYTE);
        }
    }

    /// Receives the names of a directory.
    ///
    /// @param <X> what else ends the listing
    @FunctionalInterface
    public interface Visitor<X extends Exception> {
        void visit(Entry entry) throws IOException, X;
    }

    /// Shows every name, in no order, in bounded memory. Names that come or go meanwhile may be missed or shown, all
    /// others are shown once (readdir in POSIX), so the visitor may remove or move away what it is shown.
    public <X extends Exception> void forEach(Visitor<X> visitor) throws IOException, X {
        try (Dir listed = Listing.open(this)) {
            Optional<List<Entry>> batch = Listing.next(listed);
            while (batch.isPresent()) {
                for (Entry entry : batch.get()) {
                    visitor.visit(entry);
                }
                batch = Listing.next(listed);
            }
        }
    }

    /// Every name, sorted by unsigned bytes. As large as the directory, so for those of our own making: what an image
    /// or a container has filled is walked by [#forEach] or a [DirCursor].
    public List<Entry> list() throws IOException {
        List<Entry> all = new ArrayList<>();
        forEach(all::add);
        all.sort(Comparator.comparing(Entry::name, Arrays::compareUnsigned));
        return all;
    }

    /// @param uid 0 to 2^32-2, otherwise EINVAL
    /// @param gid likewise
    public void chown(byte[] name, long uid, long gid) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            long owner = Values.id(uid, this);
            long group = Values.id(gid, this);
            int flags = Flags.AT_SYMLINK_NOFOLLOW;
            s.check(Sys.call(s, Nr.FCHOWNAT, fd(), path, owner, group, flags), "fchownat", this, name);
        }
    }

    /// @param mode the twelve permission bits; a symbolic link has none (EOPNOTSUPP)
    public void chmod(byte[] name, int mode) throws IOException {
        Values.mode(mode, this);
        try (Scratch s = Scratch.take()) {
            if (Probe.Fchmodat2.PRESENT) {
                long path = s.name(this, name);
                int flags = Flags.AT_SYMLINK_NOFOLLOW;
                s.check(Sys.call(s, Nr.FCHMODAT2, fd(), path, mode, flags), "fchmodat2", this, name);
                return;
            }
        }
        chmodHeld(name, mode);
    }

    /// Before Linux 6.6: through `/proc/self/fd`, which stands for the file itself.
    void chmodHeld(byte[] name, int mode) throws IOException {
        try (Scratch s = Scratch.take();
                FileHandle held = hold(s, name)) {
            if (Statx.of(s, held).type() == FileType.SYMLINK) {
                throw new LinuxException("fchmodat", subject(name), Errno.EOPNOTSUPP);
            }
            long path = s.pathOf(held.fd());
            s.check(Sys.call(s, Nr.FCHMODAT, Flags.AT_FDCWD, path, mode), "fchmodat", this, name);
        }
    }

    public void utimens(byte[] name, Timestamp accessed, Timestamp modified) throws IOException {
        try (Scratch s = Scratch.take()) {
            long path = s.name(this, name);
            long times = Values.times(s, accessed, modified);
            int flags = Flags.AT_SYMLINK_NOFOLLOW;
            s.check(Sys.call(s, Nr.UTIMENSAT, fd(), path, times, flags), "utimensat", this, name);
        }
    }

    public void setXattr(byte[] name, byte[] attribute, byte[] value) throws IOException {
        ChildXattrs.ofKernel().set(this, name, attribute, value);
    }

    /// The value, or empty when there is none of that name.
    public Optional<byte[]> xattr(byte[] name, byte[] attribute) throws IOException {
        return ChildXattrs.ofKernel().get(this, name, attribute);
    }

    /// The names of all extended attributes that this process may see.
    public List<byte[]> xattrs(byte[] name) throws IOException {
        return ChildXattrs.ofKernel().list(this, name);
    }

    /// Takes an extended attribute away; one that is not there is fine.
    public void removeXattr(byte[] name, byte[] attribute) throws IOException {
        ChildXattrs.ofKernel().remove(this, name, attribute);
    }

    /// Removes a child and all below it, iteratively, by descriptors, never following a link and never leaving the
    /// file system into something mounted below (EBUSY there). A name that is not there is fine.
    public void removeTree(byte[] name) throws IOException {
        TreeRemoval.remove(this, name);
    }

    /// The directory's own names on disk (fsync).
    public void sync() throws IOException {
        syncBy("fsync", Nr.FSYNC);
    }

    /// The whole file system on disk (syncfs).
    public void syncFileSystem() throws IOException {
        syncBy("syncfs", Nr.SYNCFS);
    }

    private void syncBy(String call, long number) throws IOException {
        try (Dir readable = Listing.open(this);
                Scratch s = Scratch.take()) {
            s.check(Sys.call(s, number, readable.fd()), call, this);
        }
    }
}
