package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Entry;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;

/// Brings one tree into another: a copy of a snapshot into an empty directory, or an applied layer, in the form
/// overlayfs reads, onto the tree below it, with the result that mounting the two would show.
///
/// Depth first with two descriptors per level, so a tree deeper than any path a program can name is refused. Names
/// that share an inode share one in the copy; until it is whole the first of them has a second name in a directory
/// of its own at the top. One use, one thread.
public final class TreeMerge {
    /// A path of 4096 bytes has no more components of one byte.
    private static final int DEPTH_MAX = 2048;

    private static final byte[] SELF = {'.'};

    /// How a node comes from a layer into the tree.
    private enum Way {
        COPY,
        MOVE
    }

    private final Dir from;
    private final Dir to;
    /// Empty for a plain tree.
    private final Optional<OverlayForm> layer;

    private final Way way;
    private final Deque<Level> levels = new ArrayDeque<>();
    private final Set<Long> linked = new HashSet<>();
    private byte[] linksName = {};

    private TreeMerge(Dir from, Dir to, Optional<OverlayForm> layer, Way way) {
        this.from = from;
        this.to = to;
        this.layer = layer;
        this.way = way;
    }

    /// Copies everything in `from`, its own attributes included, into the empty directory `to`.
    public static void copy(Dir from, Dir to) throws IOException {
        new TreeMerge(from, to, Optional.empty(), Way.COPY).run();
        NodeCopy.attributes(from, SELF, from.stat(SELF), to);
    }

    /// Lays an applied layer onto a tree; the top directory keeps its attributes.
    public static void copyLayer(Dir layer, OverlayForm form, Dir tree) throws IOException {
        new TreeMerge(layer, tree, Optional.of(form), Way.COPY).run();
    }

    /// As [#copyLayer], taking the files away from the layer. Both are in one file system.
    public static void moveLayer(Dir layer, OverlayForm form, Dir tree) throws IOException {
        new TreeMerge(layer, tree, Optional.of(form), Way.MOVE).run();
    }

    /// A directory on the way: what is left of it, and whether its counterpart was made by this merge.
    private static final class Level {
        final byte[] name;
        final Attributes attributes;
        final Dir from;
        final Dir to;
        final Iterator<Entry> left;
        final boolean fresh;

        Level(byte[] name, Attributes attributes, Dir from, Dir to, boolean fresh) throws IOException {
            this.name = name;
            this.attributes = attributes;
            this.from = from;
            this.to = to;
            this.left = from.list().iterator();
            this.fresh = fresh;
        }

        void close() {
            from.close();
            to.close();
        }
    }

    private void run() throws IOException {
        try {
            push(SELF, from.stat(SELF), from.openDir(SELF), to.openDir(SELF), layer.isEmpty());
            for (Level level = levels.peek(); level != null; level = levels.peek()) {
                if (level.left.hasNext()) {
                    entry(level, level.left.next().name());
                } else {
                    leave();
                }
            }
        } finally {
            levels.forEach(Level::close);
            if (linksName.length > 0) {
                to.removeTree(linksName);
            }
        }
    }

    private void push(byte[] name, Attributes attributes, Dir in, Dir out, boolean fresh) throws IOException {
        try {
            if (levels.size() >= DEPTH_MAX) {
                throw new IOException("directories nested deeper than " + DEPTH_MAX + " can't be copied");
            }
            levels.push(new Level(name, attributes, in, out, fresh));
        } catch (IOException | RuntimeException e) {
            in.close();
            out.close();
            throw e;
        }
    }

    /// Attributes of a directory come last: what is made in it changes its times.
    private void leave() throws IOException {
        Level done = levels.pop();
        done.close();
        Level above = levels.peek();
        if (above != null && layer.isPresent()) {
            NodeCopy.layerAttributes(above.from, done.name, done.attributes, above.to, layer.get());
        } else if (above != null) {
            NodeCopy.attributes(above.from, done.name, done.attributes, above.to);
        }
    }

    private void entry(Level level, byte[] name) throws IOException {
        Attributes attributes = level.from.stat(name);
        if (layer.isPresent() && OverlayForm.isWhiteout(attributes)) {
            level.to.removeTree(name);
        } else if (attributes.isDirectory()) {
            directory(level, name, attributes);
        } else if (way == Way.MOVE) {
            move(level, name);
        } else {
            copy(level, name, attributes);
        }
    }

    private void directory(Level level, byte[] name, Attributes attributes) throws IOException {
        boolean fresh = level.fresh;
        if (!fresh) {
            Optional<Attributes> there = level.to.find(name);
            fresh = there.isEmpty();
            boolean opaque = layer.isPresent() && layer.get().isOpaque(level.from, name);
            if (!fresh && (opaque || !there.get().isDirectory())) {
                level.to.removeTree(name);
                fresh = true;
            }
        }
        if (fresh) {
            level.to.mkdir(name, 0700);
        }
        Dir in = level.from.openChild(name);
        Dir out;
        try {
            out = level.to.openChild(name);
        } catch (IOException e) {
            in.close();
            throw e;
        }
        push(name, attributes, in, out, fresh);
    }

    private static void move(Level level, byte[] name) throws IOException {
        try {
            level.from.rename(name, level.to, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EISDIR) {
                throw e;
            }
            level.to.removeTree(name);
            level.from.rename(name, level.to, name);
        }
    }

    private void copy(Level level, byte[] name, Attributes attributes) throws IOException {
        if (!level.fresh) {
            level.to.removeTree(name);
        }
        if (attributes.links() == 1) {
            NodeCopy.node(level.from, name, attributes, level.to);
            return;
        }
        byte[] shared = HexFormat.of().toHexDigits(attributes.inode()).getBytes(StandardCharsets.US_ASCII);
        try (Dir links = links()) {
            if (linked.add(attributes.inode())) {
                NodeCopy.node(level.from, name, attributes, level.to);
                links.link(level.to, name, shared);
            } else {
                level.to.link(links, shared, name);
            }
        }
    }

    /// Where the first name of every inode with several waits for the others.
    private Dir links() throws IOException {
        if (linksName.length == 0) {
            byte[] name = ascii(".links");
            while (from.find(name).isPresent() || to.find(name).isPresent()) {
                name = ascii(new String(name, StandardCharsets.US_ASCII) + "_");
            }
            to.mkdir(name, 0700);
            linksName = name;
        }
        return to.openChild(linksName);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
