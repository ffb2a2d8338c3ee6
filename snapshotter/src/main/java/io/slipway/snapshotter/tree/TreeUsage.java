package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.SnapshotUsage;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Blocks and inodes of a tree, each inode counted once, without holding more than two descriptors.
public final class TreeUsage {
    private static final int BLOCK_BYTES = 512;
    private static final byte[] SELF = {'.'};

    private final Optional<Dir> below;
    private final Set<Long> linked = new HashSet<>();
    private final ArrayDeque<byte[]> todo = new ArrayDeque<>();
    private long bytes;
    private long inodes;

    private TreeUsage(Optional<Dir> below) {
        this.below = below;
    }

    /// Of everything in it.
    public static SnapshotUsage of(Dir top) throws IOException {
        return new TreeUsage(Optional.empty()).count(top);
    }

    /// Of what is not as it was when the tree was made as a snapshot of `below`, in which inodes keep their numbers
    /// and times of change.
    public static SnapshotUsage beyond(Dir top, Dir below) throws IOException {
        return new TreeUsage(Optional.of(below)).count(top);
    }

    private SnapshotUsage count(Dir top) throws IOException {
        count(top.stat(SELF));
        todo.push(new byte[0]);
        while (!todo.isEmpty()) {
            byte[] path = todo.pop();
            try (Dir dir = top.openDir(path)) {
                directory(dir, path);
            }
        }
        return new SnapshotUsage(bytes, inodes);
    }

    private void directory(Dir dir, byte[] path) throws IOException {
        Optional<Dir> under = under(path);
        try {
            dir.forEach(entry -> {
                Optional<Attributes> attributes = dir.find(entry.name());
                if (attributes.isPresent()) {
                    node(attributes.get(), Paths.join(path, entry.name()), same(attributes.get(), under, entry.name()));
                }
            });
        } finally {
            under.ifPresent(Dir::close);
        }
    }

    private void node(Attributes attributes, byte[] path, boolean same) {
        if (attributes.isDirectory()) {
            todo.push(path);
        }
        boolean first = attributes.isDirectory() || attributes.links() == 1 || linked.add(attributes.inode());
        if (first && !same) {
            count(attributes);
        }
    }

    private Optional<Dir> under(byte[] path) throws IOException {
        if (below.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(below.get().openDir(path));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean same(Attributes attributes, Optional<Dir> under, byte[] name) throws IOException {
        Optional<Attributes> before =
                under.isEmpty() ? Optional.empty() : under.get().find(name);
        return before.isPresent()
                && before.get().inode() == attributes.inode()
                && before.get().changed().equals(attributes.changed());
    }

    private void count(Attributes attributes) {
        bytes += attributes.blocks() * BLOCK_BYTES;
        inodes++;
    }
}
