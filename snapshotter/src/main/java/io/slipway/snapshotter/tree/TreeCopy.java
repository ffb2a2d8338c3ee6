package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.DirCursor;
import io.slipway.linux.Entry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Optional;

/// Copies a tree into an empty directory.
///
/// Depth first with two descriptors per level, so a tree deeper than any path a program can name is refused. Names
/// that share an inode share one in the copy; until it is whole the first of them has a second name in a directory
/// of its own at the top. One use, one thread.
public final class TreeCopy {
    /// A path of 4096 bytes has no more components of one byte.
    private static final int DEPTH_MAX = 2048;

    private static final byte[] SELF = {'.'};

    private final Dir from;
    private final Dir to;
    private final Deque<Level> levels = new ArrayDeque<>();
    private byte[] linksName = {};

    private TreeCopy(Dir from, Dir to) {
        this.from = from;
        this.to = to;
    }

    /// Copies everything in `from`, its own attributes included, into the empty directory `to`.
    public static void run(Dir from, Dir to) throws IOException {
        new TreeCopy(from, to).run();
        NodeCopy.attributes(from, SELF, from.stat(SELF), to);
    }

    /// A directory on the way, and what is left of it.
    private static final class Level {
        final byte[] name;
        final Attributes attributes;
        final Dir from;
        final Dir to;
        final DirCursor left = new DirCursor();

        Level(byte[] name, Attributes attributes, Dir from, Dir to) {
            this.name = name;
            this.attributes = attributes;
            this.from = from;
            this.to = to;
        }

        void close() {
            from.close();
            to.close();
        }
    }

    private void run() throws IOException {
        try {
            push(SELF, from.stat(SELF), from.openDir(SELF), to.openDir(SELF));
            for (Level level = levels.peek(); level != null; level = levels.peek()) {
                Optional<Entry> next = level.left.next(level.from);
                if (next.isPresent()) {
                    entry(level, next.get().name());
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

    private void push(byte[] name, Attributes attributes, Dir in, Dir out) throws IOException {
        try {
            if (levels.size() >= DEPTH_MAX) {
                throw new IOException("directories nested deeper than " + DEPTH_MAX + " can't be copied");
            }
            levels.push(new Level(name, attributes, in, out));
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
        if (above != null) {
            NodeCopy.attributes(above.from, done.name, done.attributes, above.to);
        }
    }

    private void entry(Level level, byte[] name) throws IOException {
        Attributes attributes = level.from.stat(name);
        if (attributes.isDirectory()) {
            directory(level, name, attributes);
        } else {
            copy(level, name, attributes);
        }
    }

    private void directory(Level level, byte[] name, Attributes attributes) throws IOException {
        level.to.mkdir(name, 0700);
        Dir in = level.from.openChild(name);
        Dir out;
        try {
            out = level.to.openChild(name);
        } catch (IOException e) {
            in.close();
            throw e;
        }
        push(name, attributes, in, out);
    }

    private void copy(Level level, byte[] name, Attributes attributes) throws IOException {
        if (attributes.links() == 1) {
            NodeCopy.node(level.from, name, attributes, level.to);
            return;
        }
        byte[] shared = HexFormat.of().toHexDigits(attributes.inode()).getBytes(StandardCharsets.US_ASCII);
        try (Dir links = links()) {
            if (links.find(shared).isEmpty()) {
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
