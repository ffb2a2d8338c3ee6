package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Copies one node, or a directory's attributes, from a lower layer: owner, xattrs (not those that steer an overlay),
/// mode, times; data with its holes, shared where the file system can.
final class CopyUp {
    private static final byte[] TRUSTED = "trusted.".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] ACL = "system.posix_acl_".getBytes(StandardCharsets.US_ASCII);

    private CopyUp() {}

    /// Makes `name` in `to` as `from` is. `from` is no directory.
    static void node(MergedDirs.Found from, Dir to, byte[] name) throws IOException {
        Attributes attributes = from.attributes();
        switch (attributes.type()) {
            case FILE -> file(from, to, name);
            case SYMLINK -> to.symlink(from.parent().readlink(from.name()), name);
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET ->
                to.mknod(name, attributes.type(), attributes.mode() & 0777, attributes.rdev());
            case DIRECTORY, UNKNOWN ->
                throw new IllegalArgumentException("a directory is not copied up as a node: " + attributes);
        }
        attributes(from, to, name);
    }

    /// Gives `name` in `to` the attributes of `from`.
    static void attributes(MergedDirs.Found from, Dir to, byte[] name) throws IOException {
        Attributes attributes = from.attributes();
        to.chown(name, attributes.uid(), attributes.gid());
        dropInherited(from, to, name);
        for (byte[] xattr : from.parent().xattrs(from.name())) {
            if (!starts(xattr, TRUSTED) && !OverlayForm.USER.isOwnXattr(xattr)) {
                Optional<byte[]> value = from.parent().xattr(from.name(), xattr);
                if (value.isPresent()) {
                    set(to, name, xattr, value.get());
                }
            }
        }
        if (attributes.type() != FileType.SYMLINK) {
            to.chmod(name, attributes.mode());
        }
        to.utimens(name, attributes.accessed(), attributes.modified());
    }

    /// A default ACL of the directory has given a new node ACLs.
    private static void dropInherited(MergedDirs.Found from, Dir to, byte[] name) throws IOException {
        for (byte[] xattr : to.xattrs(name)) {
            if (isAcl(xattr) && from.parent().xattr(from.name(), xattr).isEmpty()) {
                to.removeXattr(name, xattr);
            }
        }
    }

    static boolean isAcl(byte[] xattr) {
        return starts(xattr, ACL);
    }

    private static boolean starts(byte[] name, byte[] prefix) {
        return name.length >= prefix.length && Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
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

    private static void file(MergedDirs.Found from, Dir to, byte[] name) throws IOException {
        try (FileHandle source = from.parent().openFile(from.name());
                FileHandle target = to.createFile(name, 0600)) {
            FileCopy.run(source, from.attributes().size(), target);
        }
    }
}
