package io.slipway.snapshotter.tar;

import io.slipway.cas.ApiException;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Entries of a tar stream in order, with the precedence rules of Go's archive/tar (layers.md 1.1).
///
/// [#next], then [#data] until it is null (data that is not read is skipped), ..., and after the last entry
/// [#drain], as trailing bytes belong to the layer's diff id. Anything malformed is [TarFormatException] naming
/// the entry. Buffers lent are valid until the next call. One thread.
public final class TarReader {
    private static final long ID_MAX = 0xFFFF_FFFEL;

    private final BlockInput in;
    private final TarLimits limits;
    private final byte[] block = new byte[BlockInput.BLOCK];

    /// Bytes of the current entry that are still in the stream, and its padding behind them.
    private long dataLeft;

    private long padding;
    private @Nullable SparseMap sparse;
    private int region;
    private long regionDone;
    private long fileOffset;
    private long runOffset;
    private long entries;
    private long bytes;
    private String about = "the first entry";

    /// Reads what `source` gives.
    public TarReader(ByteSource source, TarLimits limits) {
        this.in = new BlockInput(source);
        this.limits = limits;
    }

    /// Bytes of the stream consumed.
    public long position() {
        return in.position();
    }

    /// The next entry, null at the end of the archive.
    public @Nullable TarEntry next() throws IOException, InterruptedException {
        try {
            return read();
        } catch (NumberFormatException e) {
            throw new TarFormatException(about + " at byte " + in.position() + ": " + e.getMessage());
        }
    }

    private @Nullable TarEntry read() throws IOException, InterruptedException {
        PaxRecords pax = PaxRecords.NONE;
        byte[] longName = new byte[0];
        byte[] longLink = new byte[0];
        while (true) {
            skipRest();
            if (!header()) {
                return null;
            }
            if (++entries > limits.maxEntries()) {
                throw new ApiException(
                        ApiException.Code.RESOURCE_EXHAUSTED, "layer of more than " + limits.maxEntries() + " entries");
            }
            TarHeader header = new TarHeader(block);
            switch (header.type) {
                case 'x' -> pax = PaxRecords.parse(special(header));
                case 'g' -> {
                    // Values of a global header are ignored, as Go does; there it also ends what x, L and K began.
                    PaxRecords.parse(special(header));
                    pax = PaxRecords.NONE;
                    longName = new byte[0];
                    longLink = new byte[0];
                }
                case 'L' -> longName = untilNul(special(header));
                case 'K' -> longLink = untilNul(special(header));
                default -> {
                    return entry(header, pax, longName, longLink);
                }
            }
        }
    }

    /// The next run of the current entry's data, null at its end. [#dataOffset] says where in the file it
    /// belongs.
    public @Nullable ByteBuffer data() throws IOException, InterruptedException {
        SparseMap map = sparse;
        long wanted = dataLeft;
        if (map != null) {
            while (region < map.regions() && regionDone == map.length(region)) {
                region++;
                regionDone = 0;
            }
            wanted = region < map.regions() ? map.length(region) - regionDone : 0;
        }
        if (wanted == 0) {
            return null;
        }
        ByteBuffer run = in.run(wanted);
        if (run == null) {
            throw new TarFormatException(about + ": its data ends early");
        }
        int n = run.remaining();
        if (map != null) {
            runOffset = map.offset(region) + regionDone;
            regionDone += n;
        } else {
            runOffset = fileOffset;
            fileOffset += n;
        }
        dataLeft -= n;
        return run;
    }

    /// Where in the file the run that [#data] gave last begins.
    public long dataOffset() {
        return runOffset;
    }

    /// Reads on to the end of the stream, which may go on behind the archive.
    public void drain() throws IOException, InterruptedException {
        in.drain();
    }

    private void skipRest() throws IOException, InterruptedException {
        if (!in.skip(dataLeft)) {
            throw new TarFormatException(about + ": its data ends early");
        }
        // The last padding may be missing, as Go tolerates; whatever follows is then the end.
        in.skip(padding);
        dataLeft = 0;
        padding = 0;
        sparse = null;
    }

    /// Reads a header block; false at the end: two zero blocks, or the end of the stream in place of either.
    private boolean header() throws IOException, InterruptedException {
        if (!whole() || (TarHeader.isZero(block) && atEnd())) {
            return false;
        }
        about = "entry " + TarEntry.text(Arrays.copyOf(block, nameLength()));
        return true;
    }

    private boolean atEnd() throws IOException, InterruptedException {
        if (!whole() || TarHeader.isZero(block)) {
            return true;
        }
        throw new NumberFormatException("data after a lone zero block");
    }

    private boolean whole() throws IOException, InterruptedException {
        int n = in.read(block, 0, block.length);
        if (n != 0 && n < block.length) {
            throw new NumberFormatException("header ends early");
        }
        return n != 0;
    }

    private int nameLength() {
        int end = PaxRecords.find(block, 0, 100, (byte) 0);
        return end < 0 ? 100 : end;
    }

    /// The body of x, g, L or K: its size is that of its own header, whatever an earlier x says.
    private byte[] special(TarHeader header) throws IOException, InterruptedException {
        if (header.size < 0 || header.size > TarLimits.SPECIAL_BYTES_MAX) {
            throw new NumberFormatException("extended header of " + header.size + " bytes, at most 1 MiB is read");
        }
        byte[] body = new byte[(int) header.size];
        if (in.read(body, 0, body.length) < body.length) {
            throw new NumberFormatException("extended header ends early");
        }
        padding = -header.size & BlockInput.BLOCK - 1;
        return body;
    }

    private TarEntry entry(TarHeader h, PaxRecords pax, byte[] longName, byte[] longLink)
            throws IOException, InterruptedException {
        byte[] name = longName.length > 0 ? longName : or(pax.get("path"), h.name);
        byte[] link = longLink.length > 0 ? longLink : or(pax.get("linkpath"), h.link);
        about = "entry " + TarEntry.text(name);
        EntryType type = type(h, name);
        long size = number(pax, "size", h.size);
        dataLeft = type.headerOnly() ? 0 : size;
        if (dataLeft < 0) {
            throw new NumberFormatException("size " + size);
        }
        padding = -dataLeft & BlockInput.BLOCK - 1;
        long realSize = dataLeft;
        SparseMaps.@Nullable Form form = SparseMaps.form(pax);
        if (h.type == 'S') {
            realSize = SparseMaps.oldRealSize(block);
            sparse(SparseMaps.old(oldHeader(h), in), realSize);
        } else if (form != null) {
            name = or(pax.get("GNU.sparse.name"), name);
            about = "entry " + TarEntry.text(name);
            realSize = number(pax, "GNU.sparse.size", number(pax, "GNU.sparse.realsize", realSize));
            if (type.headerOnly()) {
                throw new NumberFormatException("sparse map on what carries no data");
            }
            sparse(form == SparseMaps.Form.IN_DATA ? mapInData() : SparseMaps.fromRecords(pax), realSize);
        }
        fileOffset = 0;
        runOffset = 0;
        account(realSize);
        check(name, link, type);
        Timestamp modified = time(pax, "mtime", h.modified);
        Timestamp accessed = time(pax, "atime", h.accessed);
        return new TarEntry(
                type,
                name,
                type == EntryType.HARD_LINK || type == EntryType.SYMLINK ? link : new byte[0],
                (int) h.mode & 07777,
                id("uid", number(pax, "uid", h.uid)),
                id("gid", number(pax, "gid", h.gid)),
                realSize,
                modified,
                accessed.compareTo(modified) < 0 ? modified : accessed,
                device(h, type),
                xattrs(pax),
                sparse != null,
                in.position());
    }

    private byte[] oldHeader(TarHeader header) {
        if (header.dialect != TarHeader.Dialect.GNU) {
            throw new NumberFormatException("sparse type in a header that is not GNU's");
        }
        return block.clone();
    }

    private SparseMap mapInData() throws IOException, InterruptedException {
        long before = in.position();
        SparseMap map = SparseMaps.fromData(in, dataLeft);
        dataLeft -= in.position() - before;
        return map;
    }

    private void sparse(SparseMap map, long realSize) {
        if (realSize < 0 || map.dataBytes(realSize) != dataLeft) {
            throw new NumberFormatException("sparse map that does not fit its sizes");
        }
        sparse = map;
        region = 0;
        regionDone = 0;
    }

    private void account(long realSize) {
        bytes = Math.addExact(bytes, Math.min(realSize, Long.MAX_VALUE - bytes));
        if (bytes > limits.maxBytes()) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    about + " brings the layer's files to more than " + limits.maxBytes() + " bytes");
        }
    }

    private static EntryType type(TarHeader h, byte[] name) {
        return switch (h.type) {
            case '0', '7', 'S' -> EntryType.FILE;
            case 0 -> name.length > 0 && name[name.length - 1] == '/' ? EntryType.DIRECTORY : EntryType.FILE;
            case '1' -> EntryType.HARD_LINK;
            case '2' -> EntryType.SYMLINK;
            case '3' -> EntryType.CHARACTER_DEVICE;
            case '4' -> EntryType.BLOCK_DEVICE;
            case '5' -> EntryType.DIRECTORY;
            case '6' -> EntryType.FIFO;
            default -> throw new NumberFormatException("unsupported entry type " + (h.type & 0xFF));
        };
    }

    private static void check(byte[] name, byte[] link, EntryType type) {
        if (name.length == 0) {
            throw new NumberFormatException("entry without a name");
        }
        if (name.length > TarLimits.PATH_BYTES_MAX || link.length > TarLimits.PATH_BYTES_MAX) {
            throw new NumberFormatException("path of more than " + TarLimits.PATH_BYTES_MAX + " bytes");
        }
        if (link.length == 0 && (type == EntryType.HARD_LINK || type == EntryType.SYMLINK)) {
            throw new NumberFormatException("link without a target");
        }
        int start = 0;
        for (int i = 0; i <= name.length; i++) {
            if (i == name.length || name[i] == '/') {
                if (i - start > TarLimits.COMPONENT_BYTES_MAX) {
                    throw new NumberFormatException(
                            "name of more than " + TarLimits.COMPONENT_BYTES_MAX + " bytes in its path");
                }
                start = i + 1;
            }
        }
    }

    private static DeviceNumber device(TarHeader h, EntryType type) {
        if (type != EntryType.CHARACTER_DEVICE && type != EntryType.BLOCK_DEVICE) {
            return DeviceNumber.ZERO;
        }
        if (h.deviceMajor < 0 || h.deviceMajor > 0xFFF || h.deviceMinor < 0 || h.deviceMinor > 0xFFFFF) {
            throw new NumberFormatException("device " + h.deviceMajor + ":" + h.deviceMinor);
        }
        return new DeviceNumber((int) h.deviceMajor, (int) h.deviceMinor);
    }

    private static long id(String what, long id) {
        if (id < 0 || id > ID_MAX) {
            throw new NumberFormatException(what + " " + id);
        }
        return id;
    }

    private static long number(PaxRecords pax, String key, long otherwise) {
        byte[] value = pax.get(key);
        return value == null ? otherwise : TarNumbers.decimal(value);
    }

    private static Timestamp time(PaxRecords pax, String key, Timestamp otherwise) {
        byte[] value = pax.get(key);
        return value == null ? otherwise : TarNumbers.paxTime(value);
    }

    private static byte[] or(byte @Nullable [] value, byte[] otherwise) {
        return value == null ? otherwise : value;
    }

    private static List<Xattr> xattrs(PaxRecords pax) {
        List<Xattr> found = new ArrayList<>(0);
        for (Map.Entry<String, byte[]> record : pax.all().entrySet()) {
            if (record.getKey().startsWith(PaxRecords.XATTR)) {
                String name = record.getKey().substring(PaxRecords.XATTR.length());
                found.add(new Xattr(name.getBytes(StandardCharsets.ISO_8859_1), record.getValue()));
            }
        }
        return found;
    }

    private static byte[] untilNul(byte[] text) {
        int nul = PaxRecords.find(text, 0, text.length, (byte) 0);
        return nul < 0 ? text : Arrays.copyOf(text, nul);
    }
}
