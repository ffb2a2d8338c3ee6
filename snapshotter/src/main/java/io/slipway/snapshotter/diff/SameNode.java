package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.snapshotter.layer.Buffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Whether a name stands for the same in two trees: type, owner, mode, device, time, carried xattrs, link
/// target, size and, where the time can't tell, content. As in containerd's comparison a file of the same time to
/// the nanosecond is the same, and one whose times have no fraction (they come from a tar) is read; unlike there
/// the times of directories, all user attributes and ACLs count, so that the layer gives the same tree.
final class SameNode {
    private final ByteBuffer one;
    private final ByteBuffer other;

    /// Reads files through these two buffers.
    SameNode(ByteBuffer one, ByteBuffer other) {
        if (one.capacity() != Buffers.SIZE || other.capacity() != Buffers.SIZE) {
            throw new IllegalArgumentException("buffers of one size");
        }
        this.one = one;
        this.other = other;
    }

    /// @param exact whether to read files even of the same time
    boolean test(byte[] name, Dir lower, Attributes l, Dir upper, Attributes u, boolean exact) throws IOException {
        if (l.inode() == u.inode()
                && l.device().equals(u.device())
                && l.changed().equals(u.changed())) {
            return true;
        }
        boolean alike = l.type() == u.type()
                && l.mode() == u.mode()
                && l.uid() == u.uid()
                && l.gid() == u.gid()
                && l.rdev().equals(u.rdev())
                && l.modified().equals(u.modified())
                && (l.isDirectory() || l.size() == u.size());
        if (!alike || !CarriedXattrs.equal(CarriedXattrs.of(lower, name), CarriedXattrs.of(upper, name))) {
            return false;
        }
        if (l.type() == FileType.SYMLINK) {
            return Arrays.equals(lower.readlink(name), upper.readlink(name));
        }
        boolean read = exact || l.modified().nanos() == 0;
        return l.type() != FileType.FILE || l.size() == 0 || !read || content(name, lower, upper);
    }

    private boolean content(byte[] name, Dir lower, Dir upper) throws IOException {
        try (FileHandle l = lower.openFile(name);
                FileHandle u = upper.openFile(name)) {
            long at = 0;
            while (true) {
                int n = fill(l, one, at);
                if (n != fill(u, other, at) || !one.equals(other)) {
                    return false;
                }
                if (n == 0) {
                    return true;
                }
                at += n;
            }
        }
    }

    private static int fill(FileHandle file, ByteBuffer buffer, long position) throws IOException {
        buffer.clear();
        int n = 0;
        while (buffer.hasRemaining() && n >= 0) {
            n = file.read(buffer, position + buffer.position());
        }
        buffer.flip();
        return buffer.remaining();
    }
}
