package io.slipway.snapshotter.tar;

import io.slipway.linux.Timestamp;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// Writes an archive in ustar with PAX records only where a header can't say it (POSIX.1-2001): names and link
/// targets that are long or not ASCII, large numbers, fractions of a second, extended attributes. Everything is
/// bytes; names that are not UTF-8 are announced by `hdrcharset=BINARY`. The same calls give the same bytes.
///
/// [#entry], then for a file exactly its size by [#data], ..., [#end]. One thread; the sink stays the caller's.
public final class TarWriter {
    private static final int BLOCK = 512;
    private static final int NAME = 100;
    private static final int PREFIX = 155;
    private static final byte[] RECORDS_NAME = ascii("PaxHeaders");
    private static final long SIZE_MAX = (1L << 33) - 1;
    private static final long ID_MAX = (1L << 21) - 1;
    private static final byte[] ZEROS = new byte[BLOCK];

    private final ByteSink out;
    private long left;
    private int padding;

    public TarWriter(ByteSink out) {
        this.out = out;
    }

    /// Writes the headers of an entry.
    ///
    /// @param name without NUL; that of a directory ends in a slash
    /// @param link target of a hard link or symlink, otherwise empty
    /// @param xattrs names without `=` and NUL
    public void entry(TarNode node, byte[] name, byte[] link, List<Xattr> xattrs)
            throws IOException, InterruptedException {
        if (left != 0) {
            throw new IllegalStateException("the entry before lacks " + left + " bytes");
        }
        Split split = Split.of(name);
        byte[] records = records(node, name, link, xattrs, split);
        if (records.length > 0) {
            byte[] header = header(new Split(new byte[0], RECORDS_NAME, true), new byte[0], 'x', records.length);
            put(header);
            put(records);
            pad(records.length);
        }
        put(header(node, split, link));
        left = node.size();
        padding = (int) (-node.size() & (BLOCK - 1));
    }

    /// Data of the entry, in order.
    public void data(ByteBuffer run) throws IOException, InterruptedException {
        if (run.remaining() > left) {
            throw new IllegalStateException("more data than the entry said");
        }
        left -= run.remaining();
        out.write(run);
        if (left == 0 && padding > 0) {
            out.write(ByteBuffer.wrap(ZEROS, 0, padding));
            padding = 0;
        }
    }

    /// Ends the archive: two blocks of zeros.
    public void end() throws IOException, InterruptedException {
        if (left != 0) {
            throw new IllegalStateException("the entry before lacks " + left + " bytes");
        }
        put(ZEROS);
        put(ZEROS);
    }

    private void put(byte[] bytes) throws IOException, InterruptedException {
        out.write(ByteBuffer.wrap(bytes));
    }

    private void pad(long size) throws IOException, InterruptedException {
        int rest = (int) (-size & (BLOCK - 1));
        if (rest > 0) {
            out.write(ByteBuffer.wrap(ZEROS, 0, rest));
        }
    }

    /// A name as the two header fields hold it; `whole` false when they can't.
    private static final class Split {
        final byte[] prefix;
        final byte[] last;
        final boolean whole;

        Split(byte[] prefix, byte[] last, boolean whole) {
            this.prefix = prefix;
            this.last = last;
            this.whole = whole;
        }

        static Split of(byte[] name) {
            if (isAscii(name)) {
                if (name.length <= NAME) {
                    return new Split(new byte[0], name, true);
                }
                // The slash between both is not written; the last byte may be a directory's own slash.
                for (int slash = Math.min(PREFIX, name.length - 2); slash > 0; slash--) {
                    if (name[slash] == '/' && name.length - slash - 1 <= NAME) {
                        return new Split(
                                Arrays.copyOf(name, slash), Arrays.copyOfRange(name, slash + 1, name.length), true);
                    }
                }
            }
            return new Split(new byte[0], Arrays.copyOf(name, Math.min(name.length, NAME)), false);
        }
    }

    private static byte[] records(TarNode node, byte[] name, byte[] link, List<Xattr> xattrs, Split split) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        boolean longLink = link.length > NAME || !isAscii(link);
        if ((!split.whole && !isUtf8(name)) || (longLink && !isUtf8(link))) {
            record(records, "hdrcharset", ascii("BINARY"));
        }
        if (!split.whole) {
            record(records, "path", name);
        }
        if (longLink) {
            record(records, "linkpath", link);
        }
        if (node.size() > SIZE_MAX) {
            record(records, "size", ascii(Long.toString(node.size())));
        }
        if (node.uid() > ID_MAX) {
            record(records, "uid", ascii(Long.toString(node.uid())));
        }
        if (node.gid() > ID_MAX) {
            record(records, "gid", ascii(Long.toString(node.gid())));
        }
        Timestamp modified = node.modified();
        if (modified.nanos() != 0 || modified.seconds() < 0 || modified.seconds() > SIZE_MAX) {
            record(records, "mtime", ascii(decimal(modified)));
        }
        for (Xattr xattr : xattrs) {
            record(records, "SCHILY.xattr." + xattr.latin1Name(), xattr.value());
        }
        return records.toByteArray();
    }

    private static void record(ByteArrayOutputStream records, String key, byte[] value) {
        byte[] keyBytes = key.getBytes(StandardCharsets.ISO_8859_1);
        int rest = keyBytes.length + value.length + 3;
        int length = rest + digits(rest);
        length = rest + digits(length);
        records.writeBytes(ascii(length + " "));
        records.writeBytes(keyBytes);
        records.write('=');
        records.writeBytes(value);
        records.write('\n');
    }

    private static int digits(int number) {
        return Integer.toString(number).length();
    }

    private static String decimal(Timestamp time) {
        BigDecimal seconds =
                BigDecimal.valueOf(time.seconds()).add(new BigDecimal(BigInteger.valueOf(time.nanos()), 9));
        return seconds.signum() == 0 ? "0" : seconds.stripTrailingZeros().toPlainString();
    }

    private static byte[] header(TarNode node, Split split, byte[] link) {
        boolean fits = link.length <= NAME && isAscii(link);
        byte[] shown = fits ? link : Arrays.copyOf(link, Math.min(link.length, NAME));
        byte[] b = header(split, shown, type(node.type()), node.size() > SIZE_MAX ? 0 : node.size());
        octal(b, 100, 8, node.mode());
        octal(b, 108, 8, node.uid() > ID_MAX ? 0 : node.uid());
        octal(b, 116, 8, node.gid() > ID_MAX ? 0 : node.gid());
        long seconds = node.modified().seconds();
        octal(b, 136, 12, seconds < 0 || seconds > SIZE_MAX ? 0 : seconds);
        octal(b, 329, 8, node.device().major());
        octal(b, 337, 8, node.device().minor());
        checksum(b);
        return b;
    }

    private static byte[] header(Split split, byte[] link, char type, long size) {
        byte[] b = new byte[BLOCK];
        System.arraycopy(split.last, 0, b, 0, split.last.length);
        System.arraycopy(split.prefix, 0, b, 345, split.prefix.length);
        System.arraycopy(link, 0, b, 157, link.length);
        System.arraycopy(ascii("ustar\00000"), 0, b, 257, 8);
        octal(b, 100, 8, 0);
        octal(b, 108, 8, 0);
        octal(b, 116, 8, 0);
        octal(b, 124, 12, size);
        octal(b, 136, 12, 0);
        octal(b, 329, 8, 0);
        octal(b, 337, 8, 0);
        b[156] = (byte) type;
        checksum(b);
        return b;
    }

    private static char type(EntryType type) {
        return switch (type) {
            case FILE -> '0';
            case HARD_LINK -> '1';
            case SYMLINK -> '2';
            case CHARACTER_DEVICE -> '3';
            case BLOCK_DEVICE -> '4';
            case DIRECTORY -> '5';
            case FIFO -> '6';
        };
    }

    private static void octal(byte[] b, int offset, int length, long value) {
        long rest = value;
        for (int i = length - 2; i >= 0; i--) {
            b[offset + i] = (byte) ('0' + (rest & 7));
            rest >>>= 3;
        }
        b[offset + length - 1] = 0;
    }

    /// The sum of all bytes with blanks in its own place; six digits, NUL, blank.
    private static void checksum(byte[] b) {
        Arrays.fill(b, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte value : b) {
            sum += value & 0xFF;
        }
        octal(b, 148, 7, sum);
        b[155] = ' ';
    }

    private static boolean isAscii(byte[] bytes) {
        for (byte value : bytes) {
            if (value < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (java.nio.charset.CharacterCodingException _) {
            return false;
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
