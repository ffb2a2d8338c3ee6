package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;

/// Copies of mounted trees that are mounted nowhere, held by descriptor and gone with it unless they are attached
/// (open_tree(2), mount_setattr(2), move_mount(2)).
final class DetachedTree {
    // linux/mount.h, linux/fcntl.h
    private static final int OPEN_TREE_CLONE = 1;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final int MOUNT_ATTR_RDONLY = 1;
    private static final int MOUNT_ATTR_IDMAP = 0x100000;

    /// struct mount_attr: attr_set, attr_clr, propagation, userns_fd
    private static final int MOUNT_ATTR_BYTES = 32;

    private DetachedTree() {}

    /// Of the tree at `path`.
    ///
    /// @param recursive with what is mounted below
    static Dir copy(String path, boolean recursive) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = OPEN_TREE_CLONE | Flags.O_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
            long fd = Sys.call(s, Nr.OPEN_TREE, Flags.AT_FDCWD, s.path(path), flags);
            return new Dir((int) s.check(fd, "open_tree", path), path);
        }
    }

    /// As [#copy], with the files of the host's ids shown as the mapping says.
    static Dir mapped(String path, boolean recursive, boolean readOnly, IdMapping mapping) throws IOException {
        Dir tree = copy(path, recursive);
        try (FileHandle namespace = UserNamespace.of(mapping);
                Scratch s = Scratch.take()) {
            s.struct.set(JAVA_LONG, 0, MOUNT_ATTR_IDMAP | (readOnly ? MOUNT_ATTR_RDONLY : 0));
            s.struct.set(JAVA_LONG, 8, 0);
            s.struct.set(JAVA_LONG, 16, 0);
            s.struct.set(JAVA_LONG, 24, namespace.fd());
            int flags = Flags.AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
            long empty = s.path("");
            long done = Sys.call(s, Nr.MOUNT_SETATTR, tree.fd(), empty, flags, s.struct.address(), MOUNT_ATTR_BYTES);
            s.check(done, "mount_setattr", path);
            return tree;
        } catch (IOException | RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    /// Mounts it on `target`.
    static void attach(Descriptor tree, String target) throws IOException {
        attach(tree.fd(), target);
    }

    static void attach(int tree, String target) throws IOException {
        try (Scratch s = Scratch.take()) {
            long empty = s.secondPath(new byte[0]);
            long path = s.path(target);
            long moved = Sys.call(s, Nr.MOVE_MOUNT, tree, empty, Flags.AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
            s.check(moved, "move_mount", target);
        }
    }
}
