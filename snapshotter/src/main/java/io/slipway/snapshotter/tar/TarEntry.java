package io.slipway.snapshotter.tar;

import io.slipway.linux.ByteText;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Timestamp;
import java.util.List;

/// One entry as the archive has it: nothing is cleaned or resolved yet. The arrays are the entry's own, don't
/// write to them. Its data is read from the [TarReader] before the next entry is asked for.
public final class TarEntry {
    private static final int MESSAGE_BYTES_MAX = 256;

    private final EntryType type;
    private final byte[] name;
    private final byte[] link;
    private final int mode;
    private final long uid;
    private final long gid;
    private final long size;
    private final Timestamp modified;
    private final Timestamp accessed;
    private final DeviceNumber device;
    private final List<Xattr> xattrs;
    private final boolean sparse;
    private final long position;

    TarEntry(
            EntryType type,
            byte[] name,
            byte[] link,
            int mode,
            long uid,
            long gid,
            long size,
            Timestamp modified,
            Timestamp accessed,
            DeviceNumber device,
            List<Xattr> xattrs,
            boolean sparse,
            long position) {
        this.type = type;
        this.name = name;
        this.link = link;
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        this.size = size;
        this.modified = modified;
        this.accessed = accessed;
        this.device = device;
        this.xattrs = xattrs;
        this.sparse = sparse;
        this.position = position;
    }

    public EntryType type() {
        return type;
    }

    /// The path, 1 to 4095 bytes, no NUL.
    public byte[] name() {
        return name;
    }

    /// Target of a hard link or symlink, otherwise empty.
    public byte[] link() {
        return link;
    }

    /// The twelve permission bits.
    public int mode() {
        return mode;
    }

    /// 0 to 2^32-2.
    public long uid() {
        return uid;
    }

    /// 0 to 2^32-2.
    public long gid() {
        return gid;
    }

    /// Bytes of the file, holes included; 0 for what carries no data.
    public long size() {
        return size;
    }

    /// Times before 1970 or after 2262 read as 1970, as containerd has it.
    public Timestamp modified() {
        return modified;
    }

    /// Not before [#modified].
    public Timestamp accessed() {
        return accessed;
    }

    /// Numbers of a device node.
    public DeviceNumber device() {
        return device;
    }

    public List<Xattr> xattrs() {
        return xattrs;
    }

    /// Whether data regions leave holes; otherwise data comes without gaps.
    public boolean sparse() {
        return sparse;
    }

    /// Offset of the (last) header block in the uncompressed stream.
    public long position() {
        return position;
    }

    /// The name for messages ([ByteText]), long names shortened.
    @Override
    public String toString() {
        return text(name);
    }

    /// Bytes as text for messages.
    public static String text(byte[] bytes) {
        return ByteText.of(bytes, MESSAGE_BYTES_MAX);
    }
}
