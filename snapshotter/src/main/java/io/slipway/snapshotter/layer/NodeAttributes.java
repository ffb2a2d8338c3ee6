package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.Descriptor;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.linux.Os;
import io.slipway.snapshotter.tar.EntryType;
import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.Xattr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives a node that was just made its owner, xattrs, mode and times, in that order: a change of owner clears
/// setuid and capabilities, a change of mode comes after both, times come last. Calls that would change nothing
/// are not made: a new file already belongs to this process and has the mode it was made with, less the umask.
final class NodeAttributes {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAttributes.class);
    private static final byte[] TRUSTED = ascii("trusted.");
    private static final byte[] USER = ascii("user.");
    private static final byte[] SECURITY = ascii("security.");
    private static final String DEFAULT_ACL = "system.posix_acl_default";

    /// With less than this free, a call that finds no room is taken at its word: the disk is full.
    private static final long FULL_BYTES = 1 << 20;

    private static final int SPECIAL_BITS = 07000;
    private static final int SETGID = 02000;
    private static final int SETUID = 04000;

    private final int umask;
    private final OverlayForm form;
    private final long uid = Os.effectiveUser();
    private final long gid = Os.effectiveGroup();
    private boolean warned;

    NodeAttributes(int umask, OverlayForm form) {
        this.umask = umask;
        this.form = form;
    }

    void set(FileHandle file, TarEntry entry) throws IOException {
        if (foreign(entry)) {
            file.chown(entry.uid(), entry.gid());
        }
        for (Xattr xattr : entry.xattrs()) {
            set(entry, xattr, file, () -> file.setXattr(xattr.name(), xattr.value()));
        }
        if (modeDiffers(entry)) {
            file.chmod(entry.mode());
        }
        file.utimens(entry.accessed(), entry.modified());
    }

    /// Of anything but files and directories.
    void set(Dir dir, byte[] name, TarEntry entry) throws IOException {
        if (foreign(entry)) {
            dir.chown(name, entry.uid(), entry.gid());
        }
        xattrs(dir, name, entry);
        if (entry.type() != EntryType.SYMLINK && modeDiffers(entry)) {
            dir.chmod(name, entry.mode());
        }
        dir.utimens(name, entry.accessed(), entry.modified());
    }

    /// Everything of a directory but times; returns the mode it must still get when its children are made, or
    /// -1. `merged`: it was there before, with whatever owner and mode.
    int setDirectory(Dir dir, byte[] name, TarEntry entry, boolean merged) throws IOException {
        if (merged || foreign(entry)) {
            dir.chown(name, entry.uid(), entry.gid());
        }
        xattrs(dir, name, entry);
        boolean unsure = merged || !entry.xattrs().isEmpty();
        if (unsure || (entry.mode() & (umask | SETUID)) != 0) {
            dir.chmod(name, entry.mode() & ~SETGID);
        }
        return (entry.mode() & SETGID) != 0 ? entry.mode() : -1;
    }

    /// A hard link's own header speaks for the inode that it shares, as containerd has it; mostly it says the
    /// same.
    void setLinked(Dir dir, byte[] name, TarEntry entry, Attributes inode) throws IOException {
        boolean owner = entry.uid() != inode.uid() || entry.gid() != inode.gid();
        if (owner) {
            dir.chown(name, entry.uid(), entry.gid());
        }
        xattrs(dir, name, entry);
        boolean mode = owner || entry.mode() != inode.mode() || !entry.xattrs().isEmpty();
        if (mode && inode.type() != FileType.SYMLINK) {
            dir.chmod(name, entry.mode());
        }
        if (!entry.modified().equals(inode.modified()) || !entry.accessed().equals(inode.accessed())) {
            dir.utimens(name, entry.accessed(), entry.modified());
        }
    }

    private boolean foreign(TarEntry entry) {
        return entry.uid() != uid || entry.gid() != gid;
    }

    private boolean modeDiffers(TarEntry entry) {
        return (entry.mode() & (umask | SPECIAL_BITS)) != 0 || !entry.xattrs().isEmpty();
    }

    private void xattrs(Dir dir, byte[] name, TarEntry entry) throws IOException {
        for (Xattr xattr : entry.xattrs()) {
            if (!isDefaultAcl(xattr)) {
                set(dir, name, entry, xattr);
            }
        }
    }

    /// Whether it would be inherited by, and change the modes of, what is made in its directory: to be [#set] when
    /// everything is.
    static boolean isDefaultAcl(Xattr xattr) {
        return xattr.latin1Name().equals(DEFAULT_ACL);
    }

    void set(Dir dir, byte[] name, TarEntry entry, Xattr xattr) throws IOException {
        set(entry, xattr, dir, () -> dir.setXattr(name, xattr.name(), xattr.value()));
    }

    private interface Setting {
        void run() throws IOException;
    }

    private void set(TarEntry entry, Xattr xattr, Descriptor near, Setting setting) throws IOException {
        if (starts(xattr.name(), TRUSTED) || OverlayForm.USER.isOwnXattr(xattr.name())) {
            // They would act on the overlay mount: redirect lookups, hide files.
            if (!warned) {
                warned = true;
                LOG.atWarn()
                        .addKeyValue("entry", entry)
                        .addKeyValue("xattr", xattr.latin1Name())
                        .log("Extended attributes that steer the overlay are left out of the layer");
            }
            return;
        }
        try {
            setting.run();
        } catch (LinuxException e) {
            boolean onSpecial = entry.type() != EntryType.FILE && entry.type() != EntryType.DIRECTORY;
            boolean userOnSpecial = e.errno() == Errno.EPERM && onSpecial && starts(xattr.name(), USER);
            // Labels of security modules are for the machine's own root to give.
            boolean label = e.errno() == Errno.EPERM && form == OverlayForm.USER && starts(xattr.name(), SECURITY);
            if (e.errno() != Errno.EOPNOTSUPP && !userOnSpecial && !label) {
                throw e.errno() == Errno.ENOSPC && hasRoom(near) ? tooLarge(entry, xattr, near, e) : e;
            }
        }
    }

    /// ext4 keeps the attributes of an inode in one block, and says ENOSPC when it is full.
    private static boolean hasRoom(Descriptor near) throws IOException {
        return near.fileSystem().freeBytes() >= FULL_BYTES;
    }

    private static LayerFormatException tooLarge(TarEntry entry, Xattr xattr, Descriptor near, LinuxException e)
            throws IOException {
        long all = entry.xattrs().stream()
                .mapToLong(x -> x.name().length + x.value().length)
                .sum();
        return new LayerFormatException(
                "entry " + entry + ": its extended attributes (" + all + " bytes, "
                        + TarEntry.text(xattr.name()) + " among them) do not fit into an inode of "
                        + near.fileSystem().type() + ", though the disk has room; use a file system that holds"
                        + " larger ones (xfs, or ext4 made with -O ea_inode)",
                e);
    }

    private static boolean starts(byte[] name, byte[] prefix) {
        return name.length >= prefix.length
                && java.util.Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
