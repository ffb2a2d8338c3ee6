package io.slipway.snapshotter.tar;

import io.slipway.linux.Timestamp;

/// Numbers of tar headers and PAX records, read as Go's archive/tar reads them. Errors are
/// [NumberFormatException], which the reader turns into one that names the entry.
final class TarNumbers {
    private static final Timestamp EPOCH = new Timestamp(0, 0);

    /// The last second whose nanoseconds fit 63 bits (April 2262).
    private static final long LAST_SECOND = Long.MAX_VALUE / 1_000_000_000L;

    private TarNumbers() {}

    /// Octal text padded with blanks and NULs, or base-256 when the first byte has its high bit.
    static long field(byte[] block, int offset, int length) {
        return (block[offset] & 0x80) != 0 ? base256(block, offset, length) : octal(block, offset, length);
    }

    private static long base256(byte[] block, int offset, int length) {
        int invert = (block[offset] & 0x40) != 0 ? 0xFF : 0;
        long value = 0;
        for (int i = 0; i < length; i++) {
            int b = (block[offset + i] & 0xFF) ^ invert;
            if (i == 0) {
                b &= 0x7F;
            }
            if (value >>> 56 != 0) {
                throw new NumberFormatException("base-256 number of more than 63 bits");
            }
            value = value << 8 | b;
        }
        if (value < 0) {
            throw new NumberFormatException("base-256 number of more than 63 bits");
        }
        return invert != 0 ? ~value : value;
    }

    private static long octal(byte[] block, int offset, int length) {
        int from = offset;
        int to = offset + length;
        while (from < to && padding(block[from])) {
            from++;
        }
        while (to > from && padding(block[to - 1])) {
            to--;
        }
        long value = 0;
        for (int i = from; i < to && block[i] != 0; i++) {
            int digit = block[i] - '0';
            if (digit < 0 || digit > 7) {
                throw new NumberFormatException("octal number with byte " + (block[i] & 0xFF));
            }
            value = value << 3 | digit;
        }
        return value;
    }

    private static boolean padding(byte b) {
        return b == ' ' || b == 0;
    }

    /// A whole number as Go's ParseInt takes it: an optional sign and digits, within 64 bits.
    static long decimal(byte[] text) {
        return decimal(text, 0, text.length);
    }

    static long decimal(byte[] text, int from, int to) {
        int i = from;
        boolean negative = i < to && text[i] == '-';
        if (i < to && (text[i] == '-' || text[i] == '+')) {
            i++;
        }
        if (i == to) {
            throw new NumberFormatException("empty number");
        }
        long value = 0;
        for (; i < to; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new NumberFormatException("decimal number with byte " + (text[i] & 0xFF));
            }
            try {
                value = Math.subtractExact(Math.multiplyExact(value, 10L), digit);
            } catch (ArithmeticException _) {
                throw new NumberFormatException("decimal number of more than 63 bits");
            }
        }
        if (!negative && value == Long.MIN_VALUE) {
            throw new NumberFormatException("decimal number of more than 63 bits");
        }
        return negative ? value : -value;
    }

    /// Seconds of a header field as a time that can be set.
    static Timestamp time(long seconds) {
        return bounded(seconds, 0);
    }

    /// A PAX time: seconds, optionally a point and a fraction of any length, of which nanoseconds are kept.
    static Timestamp paxTime(byte[] text) {
        int point = 0;
        while (point < text.length && text[point] != '.') {
            point++;
        }
        long seconds = decimal(text, 0, point);
        int nanos = 0;
        int scale = 100_000_000;
        for (int i = point + 1; i < text.length; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new NumberFormatException("fraction with byte " + (text[i] & 0xFF));
            }
            nanos += digit * scale;
            scale /= 10;
        }
        return text[0] == '-' ? EPOCH : bounded(seconds, nanos);
    }

    private static Timestamp bounded(long seconds, int nanos) {
        return seconds < 0 || seconds >= LAST_SECOND ? EPOCH : new Timestamp(seconds, nanos);
    }
}
