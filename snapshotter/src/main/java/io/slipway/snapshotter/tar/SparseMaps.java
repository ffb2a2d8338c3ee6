package io.slipway.snapshotter.tar;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Reads the four ways in which tar says where a sparse file's data lies: GNU's old headers and PAX 0.0, 0.1
/// and 1.0.
final class SparseMaps {
    private static final int OLD_EXTENDED_FLAG = 482;
    private static final int OLD_REAL_SIZE = 483;
    private static final int OLD_FIRST = 386;
    private static final int OLD_PAIRS_IN_HEADER = 4;
    private static final int OLD_PAIRS_IN_BLOCK = 21;
    private static final int OLD_PAIR_BYTES = 24;

    private SparseMaps() {}

    static long oldRealSize(byte[] header) {
        return TarNumbers.field(header, OLD_REAL_SIZE, 12);
    }

    /// GNU's old form: pairs in the header, then in as many extension blocks as say so.
    static SparseMap old(byte[] header, BlockInput in) throws IOException, InterruptedException {
        SparseMap map = new SparseMap();
        boolean more = pairs(header, OLD_FIRST, OLD_PAIRS_IN_HEADER, map) && header[OLD_EXTENDED_FLAG] != 0;
        byte[] block = new byte[BlockInput.BLOCK];
        int read = 0;
        while (more) {
            read += BlockInput.BLOCK;
            if (read > TarLimits.SPECIAL_BYTES_MAX) {
                throw new NumberFormatException("sparse map of more than 1 MiB");
            }
            if (in.read(block, 0, block.length) < block.length) {
                throw new NumberFormatException("sparse map ends early");
            }
            pairs(block, 0, OLD_PAIRS_IN_BLOCK, map);
            more = block[OLD_PAIRS_IN_BLOCK * OLD_PAIR_BYTES] != 0;
        }
        return map;
    }

    private static boolean pairs(byte[] block, int offset, int count, SparseMap into) {
        for (int i = 0; i < count; i++) {
            int at = offset + i * OLD_PAIR_BYTES;
            if (block[at] == 0) {
                break;
            }
            into.add(TarNumbers.field(block, at, 12), TarNumbers.field(block, at + 12, 12));
        }
        return true;
    }

    /// The form that `pax` announces, null when the file is not sparse (or of a form nobody knows).
    static @Nullable Form form(PaxRecords pax) {
        String major = text(pax.get("GNU.sparse.major"));
        String minor = text(pax.get("GNU.sparse.minor"));
        if (major.equals("0") && (minor.equals("0") || minor.equals("1"))) {
            return Form.IN_RECORDS;
        }
        if (major.equals("1") && minor.equals("0")) {
            return Form.IN_DATA;
        }
        if (!major.isEmpty() || !minor.isEmpty()) {
            return null;
        }
        return pax.get(PaxRecords.SPARSE_MAP) != null ? Form.IN_RECORDS : null;
    }

    enum Form {
        /// 0.0 and 0.1: the map stands in the extended header.
        IN_RECORDS,
        /// 1.0: the map stands before the data.
        IN_DATA
    }

    static SparseMap fromRecords(PaxRecords pax) {
        byte[] count = pax.get("GNU.sparse.numblocks");
        byte[] text = pax.get(PaxRecords.SPARSE_MAP);
        long entries = count == null ? -1 : TarNumbers.decimal(count);
        if (entries < 0 || entries > TarLimits.SPECIAL_BYTES_MAX) {
            throw new NumberFormatException("sparse map of " + entries + " regions");
        }
        SparseMap map = new SparseMap();
        int at = 0;
        int length = text == null ? 0 : text.length;
        while (text != null && at < length) {
            int comma = PaxRecords.find(text, at, length, (byte) ',');
            if (comma < 0) {
                throw new NumberFormatException("sparse map with an offset without length");
            }
            int end = PaxRecords.find(text, comma + 1, length, (byte) ',');
            map.add(TarNumbers.decimal(text, at, comma), TarNumbers.decimal(text, comma + 1, end < 0 ? length : end));
            at = end < 0 ? length : end + 1;
        }
        if (map.regions() != entries) {
            throw new NumberFormatException("sparse map of " + map.regions() + " regions instead of " + entries);
        }
        return map;
    }

    /// 1.0: decimal lines, the number of regions first, padded to whole blocks. `budget` is what the entry's
    /// data has.
    static SparseMap fromData(BlockInput in, long budget) throws IOException, InterruptedException {
        Lines lines = new Lines(in, budget);
        long entries = lines.next();
        if (entries < 0 || entries > TarLimits.SPECIAL_BYTES_MAX) {
            throw new NumberFormatException("sparse map of " + entries + " regions");
        }
        SparseMap map = new SparseMap();
        for (long i = 0; i < entries; i++) {
            map.add(lines.next(), lines.next());
        }
        return map;
    }

    private static String text(byte @Nullable [] value) {
        return value == null ? "" : TarEntry.text(value);
    }

    private static final class Lines {
        private final BlockInput in;
        private final long budget;
        private final byte[] block = new byte[BlockInput.BLOCK];
        private int at = BlockInput.BLOCK;
        private long read;

        Lines(BlockInput in, long budget) {
            this.in = in;
            this.budget = Math.min(budget, TarLimits.SPECIAL_BYTES_MAX);
        }

        long next() throws IOException, InterruptedException {
            byte[] digits = new byte[20];
            int length = 0;
            for (byte b = take(); b != '\n'; b = take()) {
                if (length == digits.length) {
                    throw new NumberFormatException("sparse map with an endless number");
                }
                digits[length++] = b;
            }
            return TarNumbers.decimal(digits, 0, length);
        }

        private byte take() throws IOException, InterruptedException {
            if (at == block.length) {
                if (read + block.length > budget || in.read(block, 0, block.length) < block.length) {
                    throw new NumberFormatException("sparse map that does not end");
                }
                read += block.length;
                at = 0;
            }
            return block[at++];
        }
    }
}
