package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.tar.TarLimits;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Directories of a layer by path, kept open; those that are missing are made.
///
/// A path is resolved by the kernel with the layer's top directory as root, so symbolic links of the layer are
/// followed and never lead out. **Whoever removes or replaces a name calls [#forget]**: a directory held open
/// under a path that has since become a symbolic link would take later entries elsewhere than the path says
/// (CVE-2025-47290).
final class OpenDirs implements AutoCloseable {
    private static final int OPEN_MAX = 64;

    /// As the kernel's own.
    private static final int SYMLINKS_MAX = 40;

    private static final int IMPLIED_MODE = 0755;

    private final OpenDir root;
    private final LinkedHashMap<PathBytes, OpenDir> open = new LinkedHashMap<>(OPEN_MAX * 2, 0.75f, true);
    /// By inode, because the same directory has other paths through links; in the order made, parents first.
    private final Map<Long, PathBytes> implied = new LinkedHashMap<>();
    private final long directoriesMax;
    private final NoteBudget budget;
    private final OverlayForm form;
    private OpenDir last;

    /// `top` is the layer's top directory, closed with this.
    OpenDirs(Dir top, OverlayForm form, long directoriesMax, NoteBudget budget) {
        this.root = new OpenDir(PathBytes.ROOT, top, form, PathBytes.ROOT);
        this.last = root;
        this.form = form;
        this.directoriesMax = directoriesMax;
        this.budget = budget;
    }

    OpenDir root() {
        return root;
    }

    /// The directory that holds the last component of `path`, made with all above it when missing. Valid until
    /// the next call here.
    OpenDir parentOf(PathBytes path) throws IOException {
        return path.parentIs(last.path) ? last : at(path.parent(), true);
    }

    /// The directory itself, made when missing. Valid until the next call here.
    OpenDir directory(PathBytes path) throws IOException {
        return at(path, true);
    }

    /// As [#parentOf], without making anything.
    Optional<OpenDir> existingParentOf(PathBytes path) throws IOException {
        try {
            return Optional.of(path.parentIs(last.path) ? last : at(path.parent(), false));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private OpenDir at(PathBytes path, boolean make) throws IOException {
        OpenDir found = path.isRoot() ? root : open.get(path);
        if (found == null) {
            found = resolve(path, make);
            open.put(path, found);
            if (open.size() > OPEN_MAX) {
                evictOldest(found);
            }
        }
        last = found;
        return found;
    }

    private void evictOldest(OpenDir keep) {
        Map.Entry<PathBytes, OpenDir> oldest = open.firstEntry();
        if (oldest.getValue() != keep) {
            open.remove(oldest.getKey());
            oldest.getValue().close();
        }
    }

    private OpenDir resolve(PathBytes path, boolean make) throws IOException {
        try {
            return new OpenDir(path, root.dir.openDirUnlinked(path.bytes()), form, path);
        } catch (LinuxException e) {
            boolean walk =
                    e.errno() == Errno.ELOOP || (make && (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR));
            if (!walk) {
                throw e;
            }
        }
        return walk(path, make);
    }

    /// Walks the path by hand, following links inside the root, and makes what is missing.
    private OpenDir walk(PathBytes path, boolean make) throws IOException {
        ArrayDeque<byte[]> todo = new ArrayDeque<>(path.components());
        Walk walk = new Walk();
        int links = 0;
        try {
            while (!todo.isEmpty()) {
                byte[] name = todo.pop();
                if (isUp(name)) {
                    walk.jump(walk.at.parent());
                    continue;
                }
                Optional<Attributes> there = walk.dir.find(name);
                if (there.isPresent() && there.get().type() == FileType.SYMLINK) {
                    if (++links > SYMLINKS_MAX) {
                        throw new LinuxException("resolve", path.toString(), Errno.ELOOP);
                    }
                    walk.jump(follow(walk.dir.readlink(name), walk.at, todo));
                    continue;
                }
                if (there.isEmpty() || OverlayForm.isWhiteout(there.get())) {
                    make(walk, name, there.isPresent(), make);
                } else if (!there.get().isDirectory()) {
                    throw new LinuxException("resolve", path.toString(), Errno.ENOTDIR);
                }
                walk.enter(name);
            }
            return new OpenDir(path, walk.dir, form, walk.at);
        } catch (IOException | RuntimeException e) {
            walk.dir.close();
            throw e;
        }
    }

    private void make(Walk walk, byte[] name, boolean whiteout, boolean make) throws IOException {
        if (!make) {
            throw new LinuxException("resolve", walk.at.child(name).toString(), Errno.ENOENT);
        }
        if (whiteout) {
            replaceWhiteout(walk.dir, name);
        } else {
            plain(walk.dir, name);
            note(walk.at.child(name), walk.dir.stat(name).inode());
        }
    }

    /// No entry describes it: it has no ACL either, whatever one above would hand down.
    private static void plain(Dir dir, byte[] name) throws IOException {
        dir.mkdir(name, IMPLIED_MODE);
        for (byte[] xattr : dir.xattrs(name)) {
            if (CopyUp.isAcl(xattr)) {
                dir.removeXattr(name, xattr);
            }
        }
        dir.chmod(name, IMPLIED_MODE);
    }

    private static boolean isUp(byte[] name) {
        return name.length == 2 && name[0] == '.' && name[1] == '.';
    }

    /// The path without the symbolic links that the layer itself has on the way to its last component; what it does not
    /// have is taken as it stands.
    PathBytes real(PathBytes path) throws IOException {
        ArrayDeque<byte[]> todo = new ArrayDeque<>(path.components());
        PathBytes at = PathBytes.ROOT;
        int links = 0;
        while (!todo.isEmpty()) {
            byte[] name = todo.pop();
            PathBytes next = isUp(name) ? at.parent() : at.child(name);
            Optional<OpenDir> in = todo.isEmpty() || isUp(name) ? Optional.empty() : existingParentOf(next);
            if (in.isPresent() && isSymlink(in.get().dir.find(name))) {
                if (++links > SYMLINKS_MAX) {
                    throw new LinuxException("resolve", path.toString(), Errno.ELOOP);
                }
                at = follow(in.get().dir.readlink(name), at, todo);
            } else {
                at = next;
            }
        }
        return at;
    }

    private static boolean isSymlink(Optional<Attributes> node) {
        return node.isPresent() && node.get().type() == FileType.SYMLINK;
    }

    /// Where a walk is, without symbolic links, and that directory.
    private final class Walk {
        private PathBytes at = PathBytes.ROOT;
        private Dir dir = root.dir.openDir(at.bytes());

        Walk() throws IOException {}

        void jump(PathBytes to) throws IOException {
            if (!to.equals(at)) {
                go(to, root.dir.openDirUnlinked(to.bytes()));
            }
        }

        void enter(byte[] name) throws IOException {
            if (at.bytes().length + 1 + name.length > TarLimits.PATH_BYTES_MAX) {
                throw new LinuxException("resolve", at.child(name).toString(), Errno.ENAMETOOLONG);
            }
            go(at.child(name), dir.openChild(name));
        }

        private void go(PathBytes to, Dir opened) {
            dir.close();
            dir = opened;
            at = to;
        }
    }

    private static PathBytes follow(byte[] target, PathBytes at, ArrayDeque<byte[]> todo) {
        List<byte[]> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= target.length; i++) {
            if (i == target.length || target[i] == '/') {
                if (i > start && !(i == start + 1 && target[start] == '.')) {
                    parts.add(java.util.Arrays.copyOfRange(target, start, i));
                }
                start = i + 1;
            }
        }
        for (byte[] part : parts.reversed()) {
            todo.push(part);
        }
        return target.length > 0 && target[0] == '/' ? PathBytes.ROOT : at;
    }

    /// The layer removed the lower directory and now has one of its own there.
    private void replaceWhiteout(Dir dir, byte[] name) throws IOException {
        dir.unlink(name);
        plain(dir, name);
        form.makeOpaque(dir, name);
    }

    private void note(PathBytes path, long inode) {
        budget.take(path.bytes().length);
        implied.put(inode, path);
        if (implied.size() > directoriesMax) {
            throw DirectoryTimes.tooMany(directoriesMax);
        }
    }

    /// The archive has this directory after all.
    void explicit(long inode) {
        implied.remove(inode);
    }

    /// Directories made for a path that were not in the archive (any more), parents first.
    List<PathBytes> implied() throws IOException {
        List<PathBytes> still = new ArrayList<>();
        for (Map.Entry<Long, PathBytes> made : implied.entrySet()) {
            PathBytes path = made.getValue();
            Optional<OpenDir> parent = existingParentOf(path);
            if (parent.isPresent()) {
                Optional<Attributes> there = parent.get().dir.find(path.base());
                if (there.isPresent()
                        && there.get().isDirectory()
                        && there.get().inode() == made.getKey()) {
                    still.add(path);
                }
            }
        }
        return still;
    }

    /// A tree was removed; its inode numbers may be given to other directories.
    void removed(PathBytes tree) {
        implied.values().removeIf(path -> path.within(tree));
    }

    /// A name that led somewhere was removed or replaced: nothing that is held open may be trusted to lie where
    /// its path says.
    void forget() {
        open.values().forEach(OpenDir::close);
        open.clear();
        last = root;
    }

    @Override
    public void close() {
        open.values().forEach(OpenDir::close);
        open.clear();
        last = root;
        root.close();
    }
}
