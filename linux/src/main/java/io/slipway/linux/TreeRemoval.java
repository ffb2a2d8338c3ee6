package io.slipway.linux;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Removes a tree by descriptors, iteratively.
///
/// One directory is open at a time, however deep the tree (a layer may nest 100,000): on the way back `..` is opened
/// and must be, by device and inode, the directory we came from. Of each open level the sub-directories of one batch
/// of names are remembered; when they are gone the directory is listed again, until it is empty.
final class TreeRemoval {
    /// Times a directory may turn out not empty after all because somebody still writes into it.
    private static final int RACES_MAX = 100;

    /// A directory on the way down: its name in its parent, who it is, and what is left of the last batch.
    private static final class Level {
        final byte[] name;
        final long inode;
        final DeviceNumber device;
        final Deque<byte[]> pending = new ArrayDeque<>();

        Level(byte[] name, Attributes attributes) {
            this.name = name;
            inode = attributes.inode();
            device = attributes.device();
        }
    }

    private static final byte[] PARENT = {'.', '.'};

    private final Deque<Level> levels = new ArrayDeque<>();
    private final Dir parent;
    private @Nullable Dir current;
    private int races;

    private TreeRemoval(Dir parent) {
        this.parent = parent;
    }

    static void remove(Dir parent, byte[] name) throws IOException {
        if (unlinkOrIsDirectory(parent, name) && !rmdirOrIsFull(parent, name)) {
            TreeRemoval removal = new TreeRemoval(parent);
            try {
                removal.run(name);
            } finally {
                Dir left = removal.current;
                if (left != null) {
                    left.close();
                }
            }
        }
    }

    private void run(byte[] name) throws IOException {
        if (!descend(parent, name)) {
            return;
        }
        while (!levels.isEmpty()) {
            Level level = levels.getLast();
            Dir here = here();
            byte[] child = level.pending.poll();
            if (child != null) {
                descend(here, child);
            } else if (!sweep(here, level.pending)) {
                ascend();
            }
        }
    }

    private Dir here() {
        Dir here = current;
        if (here == null) {
            throw new IllegalStateException("no directory is open");
        }
        return here;
    }

    /// Removes what needs no descent, and notes the rest of one batch.
    ///
    /// @return false when the directory is empty
    private static boolean sweep(Dir here, Deque<byte[]> pending) throws IOException {
        try (Dir listed = Listing.open(here)) {
            boolean any = false;
            while (pending.isEmpty()) {
                Optional<List<Entry>> batch = Listing.next(listed);
                if (batch.isEmpty()) {
                    return any;
                }
                for (Entry entry : batch.get()) {
                    any = true;
                    boolean directory = entry.type() == FileType.DIRECTORY || unlinkOrIsDirectory(here, entry.name());
                    if (directory && !rmdirOrIsFull(here, entry.name())) {
                        pending.add(entry.name());
                    }
                }
            }
            return true;
        }
    }

    private boolean descend(Dir from, byte[] name) throws IOException {
        Dir opened = openBelow(from, name);
        if (opened == null) {
            return false;
        }
        try (Scratch s = Scratch.take()) {
            levels.addLast(new Level(name, Statx.of(s, opened)));
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
        replaceCurrent(opened);
        return true;
    }

    /// Leaves the empty directory for the one above, and removes it there.
    private void ascend() throws IOException {
        Level done = levels.removeLast();
        Level above = levels.peekLast();
        Dir up = parent;
        if (above != null) {
            up = openParent(here(), above);
            replaceCurrent(up);
        }
        if (!rmdirOrIsFull(up, done.name)) {
            if (++races > RACES_MAX) {
                throw new LinuxException("unlinkat", up.subject(done.name), Errno.ENOTEMPTY);
            }
            descend(up, done.name);
        }
    }

    private void replaceCurrent(Dir next) {
        Dir left = current;
        current = next;
        if (left != null) {
            left.close();
        }
    }

    /// Opens a child directory of the same mount; nothing when it is gone, or is no directory any more.
    private static @Nullable Dir openBelow(Dir from, byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_PATH | Flags.O_DIRECTORY | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
            long fd = OpenHow.call(s, from, s.name(from, name), flags, Flags.RESOLVE_NO_XDEV);
            if (fd >= 0) {
                return new Dir((int) fd, from.subject(name));
            }
            if (s.failedWith(Errno.EXDEV)) {
                throw new LinuxException("openat2", from.subject(name), Errno.EBUSY);
            }
            if (s.failedWith(Errno.ENOENT) || s.failedWith(Errno.ENOTDIR) || s.failedWith(Errno.ELOOP)) {
                return null;
            }
            throw s.failure("openat2", from, name);
        }
    }

    private static Dir openParent(Dir here, Level expected) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_PATH | Flags.O_DIRECTORY | Flags.O_NOFOLLOW | Flags.O_CLOEXEC;
            long fd = s.check(Sys.call(s, Nr.OPENAT, here.fd(), s.path(".."), flags), "openat", here);
            Dir up = new Dir((int) fd, here.subject(PARENT));
            Attributes a = Statx.of(s, up);
            if (a.inode() != expected.inode || !a.device().equals(expected.device)) {
                up.close();
                // Somebody moved the directory out from under us: what lies above now is none of ours.
                throw new LinuxException("openat", here.subject(PARENT), Errno.ESTALE);
            }
            return up;
        }
    }

    /// @return true when it is a directory
    private static boolean unlinkOrIsDirectory(Dir dir, byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            if (Sys.call(s, Nr.UNLINKAT, dir.fd(), s.name(dir, name), 0) >= 0 || s.failedWith(Errno.ENOENT)) {
                return false;
            }
            if (s.failedWith(Errno.EISDIR)) {
                return true;
            }
            throw s.failure("unlinkat", dir, name);
        }
    }

    /// @return true when it is gone
    private static boolean rmdirOrIsFull(Dir dir, byte[] name) throws IOException {
        try (Scratch s = Scratch.take()) {
            long done = Sys.call(s, Nr.UNLINKAT, dir.fd(), s.name(dir, name), Flags.AT_REMOVEDIR);
            if (done >= 0 || s.failedWith(Errno.ENOENT)) {
                return true;
            }
            if (s.failedWith(Errno.ENOTEMPTY) || s.failedWith(Errno.EEXIST)) {
                return false;
            }
            throw s.failure("unlinkat", dir, name);
        }
    }
}
