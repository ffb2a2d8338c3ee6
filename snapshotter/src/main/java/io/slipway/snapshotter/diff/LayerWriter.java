package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.layer.PathBytes;
import io.slipway.snapshotter.tar.EntryType;
import io.slipway.snapshotter.tar.TarLimits;
import io.slipway.snapshotter.tar.TarNode;
import io.slipway.snapshotter.tar.TarWriter;
import io.slipway.snapshotter.tar.Xattr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Says in tar what a layer holds (OCI image specification, layer.md): nodes with their attributes, whiteouts,
/// opaque directories. Times later than `latest` are written as that. One thread.
final class LayerWriter {
    private static final byte[] PREFIX = {'.', 'w', 'h', '.'};
    private static final byte[] OPAQUE = {'.', 'w', 'h', '.', '.', 'w', 'h', '.', '.', 'o', 'p', 'q'};

    /// Longest name that a whiteout can say.
    static final int WHITEOUT_NAME_MAX = TarLimits.COMPONENT_BYTES_MAX - PREFIX.length;

    private static final TarNode MARK = new TarNode(EntryType.FILE, 0, 0, 0, 0, new Timestamp(0, 0), DeviceNumber.ZERO);

    private final TarWriter tar;
    private final Optional<Timestamp> latest;
    private final ByteBuffer buffer;

    LayerWriter(TarWriter tar, Optional<Timestamp> latest, ByteBuffer buffer) {
        this.tar = tar;
        this.latest = latest;
        this.buffer = buffer;
    }

    /// Whether a name can't stand in a layer, because it would be read as a whiteout.
    static boolean reserved(byte[] name) {
        return name.length >= PREFIX.length && Arrays.equals(name, 0, PREFIX.length, PREFIX, 0, PREFIX.length);
    }

    void directory(PathBytes path, Dir parent, Attributes attributes) throws IOException, InterruptedException {
        byte[] slashed = Arrays.copyOf(path.bytes(), path.bytes().length + 1);
        slashed[slashed.length - 1] = '/';
        entry(EntryType.DIRECTORY, slashed, attributes, 0, new byte[0], CarriedXattrs.of(parent, path.base()));
    }

    /// Anything but a directory, with its data.
    void node(PathBytes path, Dir parent, Attributes attributes) throws IOException, InterruptedException {
        byte[] name = path.base();
        List<Xattr> xattrs = CarriedXattrs.of(parent, name);
        EntryType type = type(attributes.type());
        switch (type) {
            case FILE -> file(path, parent, xattrs);
            case SYMLINK -> entry(type, path.bytes(), attributes, 0, parent.readlink(name), xattrs);
            default -> entry(type, path.bytes(), attributes, 0, new byte[0], xattrs);
        }
    }

    /// Another name of an inode; it repeats the attributes, since who applies it sets them again.
    void link(PathBytes path, PathBytes first, Dir parent, Attributes attributes)
            throws IOException, InterruptedException {
        List<Xattr> xattrs = CarriedXattrs.of(parent, path.base());
        entry(EntryType.HARD_LINK, path.bytes(), attributes, 0, first.bytes(), xattrs);
    }

    /// Lower layers no longer have that name.
    void whiteout(PathBytes path) throws IOException, InterruptedException {
        byte[] base = path.base();
        byte[] name = Arrays.copyOf(PREFIX, PREFIX.length + base.length);
        System.arraycopy(base, 0, name, PREFIX.length, base.length);
        tar.entry(MARK, checked(path.parent().child(name).bytes()), new byte[0], List.of());
    }

    /// Lower layers no longer have anything in that directory.
    void opaque(PathBytes directory) throws IOException, InterruptedException {
        tar.entry(MARK, checked(directory.child(OPAQUE).bytes()), new byte[0], List.of());
    }

    void end() throws IOException, InterruptedException {
        tar.end();
    }

    private void file(PathBytes path, Dir parent, List<Xattr> xattrs) throws IOException, InterruptedException {
        try (FileHandle file = parent.openFile(path.base())) {
            Attributes now = file.stat();
            entry(EntryType.FILE, path.bytes(), now, now.size(), new byte[0], xattrs);
            long at = 0;
            while (at < now.size()) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), now.size() - at));
                int n = file.read(buffer, at);
                if (n <= 0) {
                    throw new IOException(path + " became shorter while it was read; pause what writes there");
                }
                tar.data(buffer.flip());
                at += n;
            }
        }
    }

    private void entry(EntryType type, byte[] name, Attributes attributes, long size, byte[] link, List<Xattr> xattrs)
            throws IOException, InterruptedException {
        boolean device = type == EntryType.CHARACTER_DEVICE || type == EntryType.BLOCK_DEVICE;
        TarNode node = new TarNode(
                type,
                attributes.mode(),
                attributes.uid(),
                attributes.gid(),
                size,
                bounded(attributes.modified()),
                device ? attributes.rdev() : DeviceNumber.ZERO);
        tar.entry(node, checked(name), link, xattrs);
    }

    private Timestamp bounded(Timestamp time) {
        return latest.filter(limit -> limit.compareTo(time) < 0).orElse(time);
    }

    private static byte[] checked(byte[] name) throws LayerFormatException {
        if (name.length > TarLimits.PATH_BYTES_MAX) {
            throw new LayerFormatException("a path of more than " + TarLimits.PATH_BYTES_MAX
                    + " bytes can't stand in a layer: " + PathBytes.clean(Arrays.copyOf(name, 200)) + "...");
        }
        return name;
    }

    private static EntryType type(FileType type) {
        return switch (type) {
            case FILE -> EntryType.FILE;
            case SYMLINK -> EntryType.SYMLINK;
            case CHARACTER_DEVICE -> EntryType.CHARACTER_DEVICE;
            case BLOCK_DEVICE -> EntryType.BLOCK_DEVICE;
            case FIFO -> EntryType.FIFO;
            case DIRECTORY, SOCKET, UNKNOWN -> throw new IllegalArgumentException(type + " is no node of a layer");
        };
    }
}
