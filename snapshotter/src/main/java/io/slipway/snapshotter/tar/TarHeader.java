package io.slipway.snapshotter.tar;

import io.slipway.linux.Timestamp;
import java.util.Arrays;

/// The fields of one 512-byte header block, dialect resolved. Offsets are those of layers.md 1.1 (POSIX.1-2001
/// ustar, GNU, star). Numbers that cannot be read are [NumberFormatException].
final class TarHeader {
    enum Dialect {
        V7,
        USTAR,
        GNU,
        STAR
    }

    private static final Timestamp NEVER = new Timestamp(0, 0);

    final Dialect dialect;
    final byte type;
    final byte[] name;
    final byte[] link;
    final long mode;
    final long uid;
    final long gid;
    final long size;
    final Timestamp modified;
    final Timestamp accessed;
    final long deviceMajor;
    final long deviceMinor;

    TarHeader(byte[] b) {
        checksum(b);
        dialect = dialect(b);
        type = b[156];
        link = text(b, 157, 100);
        size = TarNumbers.field(b, 124, 12);
        mode = TarNumbers.field(b, 100, 8);
        uid = TarNumbers.field(b, 108, 8);
        gid = TarNumbers.field(b, 116, 8);
        modified = TarNumbers.time(TarNumbers.field(b, 136, 12));
        boolean devices = dialect != Dialect.V7;
        deviceMajor = devices ? TarNumbers.field(b, 329, 8) : 0;
        deviceMinor = devices ? TarNumbers.field(b, 337, 8) : 0;
        byte[] prefix = new byte[0];
        Timestamp atime = NEVER;
        switch (dialect) {
            case V7 -> {}
            case USTAR -> prefix = text(b, 345, 155);
            case STAR -> {
                prefix = text(b, 345, 131);
                atime = TarNumbers.time(TarNumbers.field(b, 476, 12));
                TarNumbers.field(b, 488, 12);
            }
            case GNU -> {
                try {
                    if (b[345] != 0) {
                        atime = TarNumbers.time(TarNumbers.field(b, 345, 12));
                    }
                    if (b[357] != 0) {
                        TarNumbers.field(b, 357, 12);
                    }
                } catch (NumberFormatException _) {
                    // Old Go wrote ustar prefixes into GNU headers; its reader, and so containerd's, still takes them.
                    atime = NEVER;
                    prefix = ascii(text(b, 345, 155));
                }
            }
        }
        accessed = atime;
        byte[] last = text(b, 0, 100);
        name = prefix.length == 0 ? last : joined(prefix, last);
    }

    static boolean isZero(byte[] b) {
        for (byte value : b) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static void checksum(byte[] b) {
        long stated = TarNumbers.field(b, 148, 8);
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < b.length; i++) {
            int value = i >= 148 && i < 156 ? ' ' : b[i];
            unsigned += value & 0xFF;
            signed += value;
        }
        if (stated != unsigned && stated != signed) {
            throw new NumberFormatException("checksum is wrong");
        }
    }

    private static Dialect dialect(byte[] b) {
        if (matches(b, 257, "ustar\0")) {
            return matches(b, 508, "tar\0") ? Dialect.STAR : Dialect.USTAR;
        }
        return matches(b, 257, "ustar  \0") ? Dialect.GNU : Dialect.V7;
    }

    private static boolean matches(byte[] b, int offset, String wanted) {
        for (int i = 0; i < wanted.length(); i++) {
            if (b[offset + i] != wanted.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static byte[] ascii(byte[] text) {
        for (byte value : text) {
            if (value < 0) {
                return new byte[0];
            }
        }
        return text;
    }

    /// Up to the first NUL.
    private static byte[] text(byte[] b, int offset, int length) {
        int end = PaxRecords.find(b, offset, offset + length, (byte) 0);
        return Arrays.copyOfRange(b, offset, end < 0 ? offset + length : end);
    }

    private static byte[] joined(byte[] prefix, byte[] last) {
        byte[] path = Arrays.copyOf(prefix, prefix.length + 1 + last.length);
        path[prefix.length] = '/';
        System.arraycopy(last, 0, path, prefix.length + 1, last.length);
        return path;
    }
}
