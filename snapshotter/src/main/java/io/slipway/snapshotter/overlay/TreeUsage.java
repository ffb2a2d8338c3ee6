package io.slipway.snapshotter.overlay;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.snapshotter.SnapshotUsage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/// Blocks and inodes of a tree, each inode counted once, without holding more than one descriptor.
final class TreeUsage {
    private static final int BLOCK_BYTES = 512;

    private final Set<Long> linked = new HashSet<>();
    private final ArrayDeque<byte[]> todo = new ArrayDeque<>();
    private long bytes;
    private long inodes;

    private TreeUsage() {}

    static SnapshotUsage of(Dir top) throws IOException {
        TreeUsage usage = new TreeUsage();
        usage.count(OverlayDriver.top(top));
        usage.todo.push(new byte[0]);
        while (!usage.todo.isEmpty()) {
            byte[] path = usage.todo.pop();
            try (Dir dir = top.openDir(path)) {
                usage.directory(dir, path);
            }
        }
        return new SnapshotUsage(usage.bytes, usage.inodes);
    }

    private void directory(Dir dir, byte[] path) throws IOException {
        dir.forEach(entry -> {
            Attributes attributes = dir.find(entry.name()).orElse(null);
            if (attributes == null) {
                return;
            }
            if (attributes.isDirectory()) {
                todo.push(joined(path, entry.name()));
                count(attributes);
            } else if (attributes.links() == 1 || linked.add(attributes.inode())) {
                count(attributes);
            }
        });
    }

    private void count(Attributes attributes) {
        bytes += attributes.blocks() * BLOCK_BYTES;
        inodes++;
    }

    private static byte[] joined(byte[] path, byte[] name) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream(path.length + name.length + 1);
        joined.writeBytes(path);
        if (path.length > 0) {
            joined.write('/');
        }
        joined.writeBytes(name);
        return joined.toByteArray();
    }
}
