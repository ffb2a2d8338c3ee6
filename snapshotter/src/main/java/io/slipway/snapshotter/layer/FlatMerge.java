package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Entry;
import io.slipway.linux.Errno;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Turns a tree that is no overlay into what it becomes under a layer: the layer was applied aside in the overlay's
/// form ([DirectorySink]) and linked with the tree as its only lower ([LinkStep]); its nodes now move over, its
/// whiteouts and opaque directories remove what they name. What is moved is gone from the layer's directory.
///
/// Where the layer merely passes through a directory that is a symbolic link in the tree, the link is followed,
/// inside the tree, as who applies layers in place does. Nodes move by rename, across file systems by copy. One
/// thread, iterative, one pair of directories open at a time; a failure leaves the tree half changed.
public final class FlatMerge implements AutoCloseable {
    private static final int PRIVATE_MODE = 0700;

    private static final class Level {
        final PathBytes path;

        /// What the directory gets at the end; as it was before its children moved out, which changed its time.
        final Optional<Attributes> attributes;

        final Deque<Entry> entries;

        Level(PathBytes path, Optional<Attributes> attributes, List<Entry> entries) {
            this.path = path;
            this.attributes = attributes;
            this.entries = new ArrayDeque<>(entries);
        }
    }

    private final Dir layer;
    private final Dir tree;
    private final OverlayForm form;
    private final Set<PathBytes> implied;
    private final Deque<Level> levels = new ArrayDeque<>();
    private final Map<Long, PathBytes> copied = new HashMap<>();
    private PathBytes at = PathBytes.ROOT;
    private Dir from;
    private Dir to;

    /// Both directories stay the caller's.
    ///
    /// @param form of the layer
    public FlatMerge(Dir layer, Dir tree, OverlayForm form, LayerNotes notes) throws IOException {
        this.layer = layer;
        this.tree = tree;
        this.form = form;
        this.implied = new HashSet<>(notes.implied());
        this.from = layer.openDir(new byte[0]);
        try {
            this.to = tree.openDir(new byte[0]);
        } catch (IOException | RuntimeException e) {
            from.close();
            throw e;
        }
    }

    /// Does all of it, once.
    public void run() throws IOException, InterruptedException {
        levels.addLast(new Level(PathBytes.ROOT, Optional.empty(), from.list()));
        while (!levels.isEmpty()) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            Level level = levels.getLast();
            Entry entry = level.entries.poll();
            if (entry == null) {
                levels.removeLast();
                leave(level);
            } else {
                go(level.path);
                step(level.path.child(entry.name()), entry.name());
            }
        }
    }

    private void step(PathBytes path, byte[] name) throws IOException {
        Attributes node = from.stat(name);
        if (OverlayForm.isWhiteout(node)) {
            to.removeTree(name);
        } else if (node.isDirectory()) {
            directory(path, name, node);
        } else {
            if (to.find(name).filter(Attributes::isDirectory).isPresent()) {
                to.removeTree(name);
            }
            move(path, name, node);
        }
    }

    private void directory(PathBytes path, byte[] name, Attributes node) throws IOException {
        boolean opaque = form.isOpaque(from, name);
        Optional<Attributes> there = to.find(name);
        boolean through = there.isPresent()
                && there.get().type() == FileType.SYMLINK
                && !opaque
                && implied.contains(path)
                && leadsToDirectory(path);
        if (there.isPresent() && !through && (opaque || !there.get().isDirectory())) {
            to.removeTree(name);
            there = Optional.empty();
        }
        if (there.isEmpty()) {
            to.mkdir(name, PRIVATE_MODE);
        }
        try (Dir child = from.openChild(name)) {
            levels.addLast(new Level(path, through ? Optional.empty() : Optional.of(node), child.list()));
        }
    }

    private boolean leadsToDirectory(PathBytes path) throws IOException {
        try (Dir _ = tree.openDir(path.bytes())) {
            return true;
        } catch (LinuxException e) {
            return switch (e.errno()) {
                case ENOENT, ENOTDIR, ELOOP -> false;
                default -> throw e;
            };
        }
    }

    private void move(PathBytes path, byte[] name, Attributes node) throws IOException {
        try {
            from.rename(name, to, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EXDEV) {
                throw e;
            }
            to.removeTree(name);
            copy(path, name, node);
        }
    }

    private void copy(PathBytes path, byte[] name, Attributes node) throws IOException {
        PathBytes first = node.links() > 1 ? copied.putIfAbsent(node.inode(), path) : null;
        if (first == null) {
            CopyUp.node(new MergedDirs.Found(0, from, path, node), to, name);
            return;
        }
        try (Dir parent = tree.openDir(first.parent().bytes())) {
            to.link(parent, first.base(), name);
        }
    }

    /// A directory gets its attributes when its children are there.
    private void leave(Level level) throws IOException {
        if (level.attributes.isPresent()) {
            go(level.path.parent());
            MergedDirs.Found own = new MergedDirs.Found(0, from, level.path, level.attributes.get());
            dropXattrs(level.path.base());
            CopyUp.attributes(own, to, level.path.base());
        }
    }

    /// What a directory had and its entry does not say is gone, as it is on an overlay and with umoci (in-place
    /// appliers of containerd keep it). Labels of security modules are the machine's, not the image's.
    private void dropXattrs(byte[] name) throws IOException {
        for (byte[] xattr : to.xattrs(name)) {
            String text = new String(xattr, StandardCharsets.ISO_8859_1);
            boolean ofImage = text.startsWith("user.") || text.startsWith("system.posix_acl_");
            if (ofImage && from.xattr(name, xattr).isEmpty()) {
                to.removeXattr(name, xattr);
            }
        }
    }

    private void go(PathBytes path) throws IOException {
        if (path.equals(at)) {
            return;
        }
        close();
        from = layer.openDir(path.bytes());
        to = tree.openDir(path.bytes());
        at = path;
    }

    @Override
    public void close() {
        from.close();
        to.close();
    }
}
