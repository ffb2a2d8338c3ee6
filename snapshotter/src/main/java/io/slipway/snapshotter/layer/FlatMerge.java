package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.DirCursor;
import io.slipway.linux.Entry;
import io.slipway.linux.Errno;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;

/// Turns a tree that is no overlay into what it becomes under a layer: the layer was applied aside in the overlay's
/// form ([DirectorySink]) and linked with the tree as its only lower ([LinkStep]); its nodes now move over, its
/// whiteouts and opaque directories remove what they name. What is moved is gone from the layer's directory.
///
/// A directory that the layer merely passes through keeps its attributes. Where it is a symbolic link in the tree, the
/// link is followed, inside the tree, as who applies layers in place does; what leads to a file is replaced. That
/// comes last, so that where a link leads is what the rest of the layer has made of it.
///
/// Of each directory first all that is none moves while it is listed, then its directories are walked: by then its
/// names no longer change, so a [DirCursor] finds each, and memory does not grow with their number.
///
/// Nodes move by rename, across file systems by copy. One thread, iterative, one pair of directories open at a time; a
/// failure leaves the tree half changed.
public final class FlatMerge implements AutoCloseable {
    private static final int PRIVATE_MODE = 0700;

    private static final byte[] USER = "user.".getBytes(StandardCharsets.US_ASCII);

    /// What a directory of the tree gets when its children are there.
    private sealed interface Ending {
        /// The attributes of the layer's, as they were before its children moved out, which changed its time.
        record Take(Attributes attributes) implements Ending {}

        /// The times that it had.
        record Keep(Attributes attributes) implements Ending {}

        /// Nothing: the top.
        record None() implements Ending {}
    }

    private static final class Level {
        final PathBytes path;
        final Ending ending;
        final DirCursor directories = new DirCursor();
        boolean moved;

        Level(PathBytes path, Ending ending) {
            this.path = path;
            this.ending = ending;
        }
    }

    private final Dir layer;
    private final Dir tree;
    private final OverlayForm form;
    private final Set<PathBytes> implied;
    private final Deque<Level> levels = new ArrayDeque<>();
    /// In an order of its own, so that the same layer gives the same tree wherever two of the links lead to one place.
    private final Queue<PathBytes> linked =
            new PriorityQueue<>(Comparator.comparing(PathBytes::bytes, Arrays::compareUnsigned));

    private final Map<Long, PathBytes> copied = new HashMap<>();
    private PathBytes at = PathBytes.ROOT;
    private Dir from;
    private Dir to;

    private FlatMerge(Dir layer, Dir tree, OverlayForm form, Set<PathBytes> implied) throws IOException {
        this.layer = layer;
        this.tree = tree;
        this.form = form;
        this.implied = implied;
        this.from = layer.openDir(new byte[0]);
        try {
            this.to = tree.openDir(new byte[0]);
        } catch (IOException | RuntimeException e) {
            from.close();
            throw e;
        }
    }

    /// Does all of it. Both directories stay the caller's.
    ///
    /// @param form of the layer
    /// @param implied see [LinkStep#run]
    public static void run(Dir layer, Dir tree, OverlayForm form, Set<PathBytes> implied)
            throws IOException, InterruptedException {
        try (FlatMerge merge = new FlatMerge(layer, tree, form, implied)) {
            merge.levels.addLast(new Level(PathBytes.ROOT, new Ending.None()));
            merge.drain();
            while (!merge.linked.isEmpty()) {
                merge.through(merge.linked.poll());
                merge.drain();
            }
        }
    }

    private void drain() throws IOException, InterruptedException {
        while (!levels.isEmpty()) {
            Level level = levels.getLast();
            go(level.path);
            if (!level.moved) {
                level.moved = true;
                from.forEach(entry -> {
                    goOn();
                    moveOrRemove(level.path, entry);
                });
            }
            goOn();
            Optional<Entry> next = level.directories.next(from);
            if (next.isEmpty()) {
                levels.removeLast();
                leave(level);
            } else {
                byte[] name = next.get().name();
                Attributes node = from.stat(name);
                if (node.isDirectory()) {
                    directory(level.path.child(name), name, node);
                }
            }
        }
    }

    private static void goOn() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private void moveOrRemove(PathBytes parent, Entry entry) throws IOException {
        byte[] name = entry.name();
        Attributes node = from.stat(name);
        if (node.isDirectory()) {
            return;
        }
        if (OverlayForm.isWhiteout(node)) {
            to.removeTree(name);
        } else {
            if (to.find(name).filter(Attributes::isDirectory).isPresent()) {
                to.removeTree(name);
            }
            move(parent.child(name), name, node);
        }
    }

    private void directory(PathBytes path, byte[] name, Attributes node) throws IOException {
        Optional<Attributes> there = to.find(name);
        boolean passed = implied.contains(path);
        if (passed && there.isPresent() && there.get().type() == FileType.SYMLINK) {
            linked.add(path);
            return;
        }
        boolean opaque = form.isOpaque(from, name);
        boolean stays = there.isPresent() && there.get().isDirectory() && (passed || !opaque);
        if (there.isPresent() && !stays) {
            to.removeTree(name);
        }
        if (!stays) {
            to.mkdir(name, PRIVATE_MODE);
        } else if (opaque) {
            try (Dir child = to.openChild(name)) {
                empty(child);
            }
        }
        levels.addLast(new Level(path, stays && passed ? new Ending.Keep(there.get()) : new Ending.Take(node)));
    }

    private static void empty(Dir dir) throws IOException {
        dir.forEach(entry -> dir.removeTree(entry.name()));
    }

    /// A directory of the layer that is a symbolic link in the tree.
    private void through(PathBytes path) throws IOException {
        go(path.parent());
        Attributes node = from.stat(path.base());
        Ending ending;
        try {
            ending = new Ending.Keep(reached(path));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOTDIR && e.errno() != Errno.ELOOP) {
                throw e;
            }
            Attributes above = to.stat(OpenDir.SELF);
            to.removeTree(path.base());
            to.mkdir(path.base(), PRIVATE_MODE);
            to.utimens(OpenDir.SELF, above.accessed(), above.modified());
            ending = new Ending.Take(node);
        }
        boolean opaque = form.isOpaque(from, path.base());
        if (opaque) {
            try (Dir reached = tree.openDir(path.bytes())) {
                empty(reached);
            }
        }
        levels.addLast(new Level(path, ending));
    }

    /// Makes what is missing where the link leads, without a trace in times.
    private Attributes reached(PathBytes path) throws IOException {
        try (OpenDirs dirs = new OpenDirs(tree.openDir(new byte[0]), form, Long.MAX_VALUE, LinkStep.notes())) {
            PathBytes first = dirs.real(path.child(OpenDir.SELF)).parent();
            while (dirs.existingParentOf(first).isEmpty()) {
                first = first.parent();
            }
            Attributes before = dirs.parentOf(first).dir.stat(OpenDir.SELF);
            Attributes reached = dirs.directory(path).dir.stat(OpenDir.SELF);
            dirs.parentOf(first).dir.utimens(OpenDir.SELF, before.accessed(), before.modified());
            return reached;
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

    private void leave(Level level) throws IOException {
        switch (level.ending) {
            case Ending.None() -> {}
            case Ending.Keep(Attributes before) -> {
                go(level.path);
                to.utimens(OpenDir.SELF, before.accessed(), before.modified());
            }
            case Ending.Take(Attributes attributes) -> {
                go(level.path.parent());
                byte[] name = level.path.base();
                dropUserXattrs(name);
                CopyUp.attributes(new MergedDirs.Found(0, from, level.path, attributes), to, name);
            }
        }
    }

    /// What a directory had and its entry does not say is gone, as it is on an overlay and with umoci (in-place
    /// appliers of containerd keep it). Labels of security modules are the machine's, not the image's.
    private void dropUserXattrs(byte[] name) throws IOException {
        for (byte[] xattr : to.xattrs(name)) {
            boolean user = xattr.length >= USER.length && Arrays.equals(xattr, 0, USER.length, USER, 0, USER.length);
            if (user && from.xattr(name, xattr).isEmpty()) {
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
