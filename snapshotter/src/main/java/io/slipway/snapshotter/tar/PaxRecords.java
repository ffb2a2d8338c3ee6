package io.slipway.snapshotter.tar;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The records of one extended header: `LEN key=value\n`, LEN counting itself. Keys are kept one character per
/// byte. The last of duplicate keys wins; sparse 0.0 offset/numbytes pairs are gathered into the map form of
/// 0.1.
final class PaxRecords {
    static final String XATTR = "SCHILY.xattr.";
    static final String SPARSE_MAP = "GNU.sparse.map";
    private static final String SPARSE = "GNU.sparse.";
    private static final Set<String> USED = Set.of("path", "linkpath", "size", "uid", "gid", "mtime", "atime");
    private static final String SPARSE_OFFSET = "GNU.sparse.offset";
    private static final String SPARSE_NUMBYTES = "GNU.sparse.numbytes";
    static final PaxRecords NONE = new PaxRecords();

    private final Map<String, byte[]> records = new LinkedHashMap<>();

    private PaxRecords() {}

    static PaxRecords parse(byte[] body) {
        PaxRecords result = new PaxRecords();
        ByteArrayOutputStream pairs = new ByteArrayOutputStream();
        int sparseValues = 0;
        int at = 0;
        while (at < body.length) {
            int blank = find(body, at, body.length, (byte) ' ');
            if (blank < 0) {
                throw new NumberFormatException("record without length");
            }
            long length = TarNumbers.decimal(body, at, blank);
            if (length < 5 || length > body.length - at || at + length - 1 <= blank) {
                throw new NumberFormatException("record of length " + length);
            }
            int end = at + (int) length;
            int equals = find(body, blank + 1, end - 1, (byte) '=');
            if (body[end - 1] != '\n' || equals <= blank + 1) {
                throw new NumberFormatException("record without key or line end");
            }
            String key = new String(body, blank + 1, equals - blank - 1, StandardCharsets.ISO_8859_1);
            byte[] value = java.util.Arrays.copyOfRange(body, equals + 1, end - 1);
            refuseNul(key, value);
            if (key.equals(SPARSE_OFFSET) || key.equals(SPARSE_NUMBYTES)) {
                String expected = sparseValues % 2 == 0 ? SPARSE_OFFSET : SPARSE_NUMBYTES;
                if (!key.equals(expected) || find(value, 0, value.length, (byte) ',') >= 0) {
                    throw new NumberFormatException("sparse offsets and lengths that don't alternate");
                }
                if (sparseValues++ > 0) {
                    pairs.write(',');
                }
                pairs.writeBytes(value);
            } else if (used(key)) {
                result.records.put(key, value);
            }
            at = end;
        }
        if (sparseValues > 0) {
            result.records.put(SPARSE_MAP, pairs.toByteArray());
        }
        return result;
    }

    /// The value, null when the key is absent or its value is empty (then the header's field counts).
    byte @Nullable [] get(String key) {
        byte[] value = records.get(key);
        return value == null || value.length == 0 ? null : value;
    }

    Map<String, byte[]> all() {
        return records;
    }

    /// The rest is checked and dropped: a header of 1 MiB may hold 200,000 records.
    private static boolean used(String key) {
        return USED.contains(key) || key.startsWith(SPARSE) || key.startsWith(XATTR);
    }

    private static void refuseNul(String key, byte[] value) {
        boolean textual = key.equals("path") || key.equals("linkpath") || key.equals("uname") || key.equals("gname");
        if (key.indexOf('\0') >= 0 || (textual && find(value, 0, value.length, (byte) 0) >= 0)) {
            throw new NumberFormatException(
                    "NUL in PAX record " + TarEntry.text(key.getBytes(StandardCharsets.ISO_8859_1)));
        }
    }

    static int find(byte[] bytes, int from, int to, byte wanted) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
