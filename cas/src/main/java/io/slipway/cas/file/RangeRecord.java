package io.slipway.cas.file;

import io.slipway.cas.ByteRange;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Which ranges of an unfinished arrival are in its file, as kept in its `.ranges` file: big-endian
///
///     int magic, int version, long size (-1 unknown), UTF boot id,
///     int n, n x (long from, long to)      synced: on disk whatever happens
///     int n, n x (long from, long to)      written: there as long as the machine has not gone down since
///     int crc32c of everything before
///
/// The second list is what makes a killed daemon lose next to nothing without an fsync for every few bytes:
/// what a process wrote stays in the kernel's page cache when it dies, but not when the machine does, which
/// the boot id tells.
record RangeRecord(long size, String bootId, List<ByteRange> synced, List<ByteRange> written) {

    private static final int MAGIC = 0x534c5752;
    private static final int VERSION = 1;
    /// A record larger than this is not one of ours.
    static final int MAX_BYTES = 4 << 20;

    byte[] encode() {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(MAGIC);
            out.writeInt(VERSION);
            out.writeLong(size);
            out.writeUTF(bootId);
            write(out, synced);
            write(out, written);
            out.writeInt(crc(bytes.toByteArray(), bytes.size()));
        } catch (IOException impossible) {
            throw new IllegalStateException("an array does not fail", impossible);
        }
        return bytes.toByteArray();
    }

    /// Empty when the bytes are not a whole record of this version.
    static Optional<RangeRecord> decode(byte[] bytes) {
        if (bytes.length < 4) {
            return Optional.empty();
        }
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readInt() != MAGIC || in.readInt() != VERSION) {
                return Optional.empty();
            }
            var record = new RangeRecord(in.readLong(), in.readUTF(), read(in), read(in));
            int end = bytes.length - in.available();
            return in.available() == 4 && in.readInt() == crc(bytes, end) ? Optional.of(record) : Optional.empty();
        } catch (IOException | IllegalArgumentException torn) {
            return Optional.empty();
        }
    }

    /// What of it can be trusted on this boot.
    List<ByteRange> usable(String currentBootId) {
        return !currentBootId.isEmpty() && currentBootId.equals(bootId) ? written : synced;
    }

    private static void write(DataOutputStream out, List<ByteRange> ranges) throws IOException {
        out.writeInt(ranges.size());
        for (var range : ranges) {
            out.writeLong(range.from());
            out.writeLong(range.to());
        }
    }

    private static List<ByteRange> read(DataInputStream in) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > in.available() / 16) {
            throw new IOException("torn");
        }
        var ranges = new ArrayList<ByteRange>(count);
        for (int i = 0; i < count; i++) {
            ranges.add(new ByteRange(in.readLong(), in.readLong()));
        }
        return ranges;
    }

    private static int crc(byte[] bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
