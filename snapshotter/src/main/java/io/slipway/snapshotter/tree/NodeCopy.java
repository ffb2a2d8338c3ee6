package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.layer.FileCopy;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Copies single nodes with everything that belongs to them: owner, xattrs, mode, times, in the order that keeps
/// setuid bits and capabilities. Xattrs that the file system does not take are left out, as containerd's native
/// snapshotter has it.
final class NodeCopy {
    private static final int PRIVATE_MODE = 0600;

    private NodeCopy() {}

    /// Makes `name` in `to`, where there is none, as it is in `from`; no directory.
    static void node(Dir from, byte[] name, Attributes attributes, Dir to) throws IOException {
        switch (attributes.type()) {
            case FILE -> file(from, name, attributes, to);
            case SYMLINK -> to.symlink(from.readlink(name), name);
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET ->
                to.mknod(name, attributes.type(), PRIVATE_MODE, attributes.rdev());
            case DIRECTORY, UNKNOWN -> throw new IllegalArgumentException("not a node to copy: " + attributes);
        }
        attributes(from, name, attributes, to);
    }

    private static void file(Dir from, byte[] name, Attributes attributes, Dir to) throws IOException {
        try (FileHandle source = from.openFile(name);
                FileHandle target = to.createFile(name, PRIVATE_MODE)) {
            FileCopy.run(source, attributes.size(), target);
        }
    }

    /// Makes `name` in `to` have what it has in `from` and nothing else.
    static void attributes(Dir from, byte[] name, Attributes attributes, Dir to) throws IOException {
        to.chown(name, attributes.uid(), attributes.gid());
        xattrs(from, name, to, from.xattrs(name));
        if (attributes.type() != FileType.SYMLINK) {
            to.chmod(name, attributes.mode());
        }
        to.utimens(name, attributes.accessed(), attributes.modified());
    }

    /// A default ACL of the directory may have given a new node some already.
    private static void xattrs(Dir from, byte[] name, Dir to, List<byte[]> wanted) throws IOException {
        for (byte[] there : to.xattrs(name)) {
            if (wanted.stream().noneMatch(one -> Arrays.equals(one, there))) {
                to.removeXattr(name, there);
            }
        }
        for (byte[] xattr : wanted) {
            Optional<byte[]> value = from.xattr(name, xattr);
            if (value.isPresent()) {
                set(to, name, xattr, value.get());
            }
        }
    }

    private static void set(Dir to, byte[] name, byte[] xattr, byte[] value) throws IOException {
        try {
            to.setXattr(name, xattr, value);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EOPNOTSUPP) {
                throw e;
            }
        }
    }
}
