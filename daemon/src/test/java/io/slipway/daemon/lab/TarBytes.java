package io.slipway.daemon.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes tar archives byte for byte: PAX records before ustar headers, names and xattr values as given. Its
/// own, so that the reader under test is not checked against a writer that shares its mistakes or its text
/// decoding.
final class TarBytes implements AutoCloseable {
    private static final int BLOCK = 512;
    private static final byte[] NOTHING = {};

    private final OutputStream out;

    TarBytes(OutputStream out) {
        this.out = out;
    }

    /// What one entry says about a file. Times are nanoseconds since 1970.
    record Attributes(int mode, int uid, int gid, long mtimeNs, Map<String, byte[]> xattrs) {
        Attributes(int mode, int uid, int gid, long mtimeNs) {
            this(mode, uid, gid, mtimeNs, Map.of());
        }
    }

    void directory(String name, Attributes attributes) throws IOException {
        entry(bytes(name.endsWith("/") ? name : name + "/"), '5', NOTHING, 0, 0, 0, attributes, Map.of());
    }

    void file(String name, Attributes attributes, byte[] content) throws IOException {
        file(bytes(name), attributes, content);
    }

    void file(byte[] name, Attributes attributes, byte[] content) throws IOException {
        entry(name, '0', NOTHING, content.length, 0, 0, attributes, Map.of());
        data(content);
    }

    void symlink(String name, Attributes attributes, String target) throws IOException {
        entry(bytes(name), '2', bytes(target), 0, 0, 0, attributes, Map.of());
    }

    void hardLink(String name, Attributes attributes, String target) throws IOException {
        entry(bytes(name), '1', bytes(target), 0, 0, 0, attributes, Map.of());
    }

    void fifo(String name, Attributes attributes) throws IOException {
        entry(bytes(name), '6', NOTHING, 0, 0, 0, attributes, Map.of());
    }

    void characterDevice(String name, Attributes attributes, int major, int minor) throws IOException {
        entry(bytes(name), '3', NOTHING, 0, major, minor, attributes, Map.of());
    }

    void whiteout(String name) throws IOException {
        entry(bytes(name), '0', NOTHING, 0, 0, 0, new Attributes(0, 0, 0, 0), Map.of());
    }

    /// A sparse file in the GNU 1.0 form for PAX: data at `head` bytes from the start and at the end, a
    /// hole between.
    void sparseFile(String name, Attributes attributes, byte[] head, byte[] tail, long size) throws IOException {
        String map = "2\n0\n" + head.length + "\n" + (size - tail.length) + "\n" + tail.length + "\n";
        byte[] mapBlock = Arrays.copyOf(bytes(map), BLOCK);
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("GNU.sparse.major", bytes("1"));
        records.put("GNU.sparse.minor", bytes("0"));
        records.put("GNU.sparse.name", bytes(name));
        records.put("GNU.sparse.realsize", bytes(Long.toString(size)));
        byte[] stored = new byte[BLOCK + head.length + tail.length];
        System.arraycopy(mapBlock, 0, stored, 0, BLOCK);
        System.arraycopy(head, 0, stored, BLOCK, head.length);
        System.arraycopy(tail, 0, stored, BLOCK + head.length, tail.length);
        entry(bytes("GNUSparseFile.0/" + name), '0', NOTHING, stored.length, 0, 0, attributes, records);
        data(stored);
    }

    /// What another program wrote, its end of archive included: what follows is no entry any more.
    void raw(byte[] archive) throws IOException {
        out.write(archive);
    }

    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.close();
    }

    private void entry(
            byte[] name,
            char type,
            byte[] link,
            long size,
            int major,
            int minor,
            Attributes a,
            Map<String, byte[]> more)
            throws IOException {
        Map<String, byte[]> records = new LinkedHashMap<>(more);
        if (name.length > 100 || !isAscii(name)) {
            records.put("path", name);
        }
        if (link.length > 100 || !isAscii(link)) {
            records.put("linkpath", link);
        }
        long seconds = Math.floorDiv(a.mtimeNs(), 1_000_000_000L);
        long nanos = Math.floorMod(a.mtimeNs(), 1_000_000_000L);
        if (nanos != 0) {
            records.put("mtime", bytes("%d.%09d".formatted(seconds, nanos)));
        }
        a.xattrs().forEach((key, value) -> records.put("SCHILY.xattr." + key, value));
        if (!records.isEmpty()) {
            byte[] body = paxBody(records);
            header(bytes("PaxHeaders.0/x"), 'x', NOTHING, body.length, 0, 0, new Attributes(0644, 0, 0, 0), 0);
            data(body);
        }
        header(name, type, link, size, major, minor, a, seconds);
    }

    private void header(
            byte[] name, char type, byte[] link, long size, int major, int minor, Attributes a, long seconds)
            throws IOException {
        byte[] h = new byte[BLOCK];
        System.arraycopy(name, 0, h, 0, Math.min(name.length, 100));
        octal(h, 100, 8, a.mode());
        octal(h, 108, 8, a.uid());
        octal(h, 116, 8, a.gid());
        octal(h, 124, 12, size);
        octal(h, 136, 12, seconds);
        h[156] = (byte) type;
        System.arraycopy(link, 0, h, 157, Math.min(link.length, 100));
        System.arraycopy(bytes("ustar\0" + "00"), 0, h, 257, 8);
        octal(h, 329, 8, major);
        octal(h, 337, 8, minor);
        Arrays.fill(h, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : h) {
            sum += b & 0xFF;
        }
        System.arraycopy(bytes("%06o\0 ".formatted(sum)), 0, h, 148, 8);
        out.write(h);
    }

    private void data(byte[] content) throws IOException {
        out.write(content);
        out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    }

    private static byte[] paxBody(Map<String, byte[]> records) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        records.forEach((key, value) -> {
            // the length counts itself: " key=value\n" plus its own digits
            int rest = 1 + bytes(key).length + 1 + value.length + 1;
            int length = rest + Integer.toString(rest).length();
            if (Integer.toString(length).length() != Integer.toString(rest).length()) {
                length = rest + Integer.toString(length).length();
            }
            body.writeBytes(bytes(length + " " + key + "="));
            body.writeBytes(value);
            body.write('\n');
        });
        return body.toByteArray();
    }

    private static void octal(byte[] header, int offset, int width, long value) {
        byte[] digits = bytes(("%0" + (width - 1) + "o").formatted(value));
        System.arraycopy(digits, 0, header, offset, width - 1);
    }

    private static boolean isAscii(byte[] text) {
        for (byte b : text) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
