package io.slipway.snapshotter.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Makes random archives and damages them where it matters: fields of headers (with the check sum made right again, or
/// the reader would look no further), records of extended headers, sparse maps, the order of entries. Everything
/// comes from the random source, so a seed gives the same bytes again.
public final class TarMutator {
    private static final int BLOCK = 512;
    private static final char[] TYPES = {'0', '0', '0', '1', '1', '2', '2', '3', '4', '5', '5', '6'};
    private static final char[] OTHER_TYPES = {'\0', '7', 'x', 'g', 'L', 'K', 'S', 'V', 'M', 'D', 'N', 'A', ' '};
    private static final String[] DIRECTORIES = {"a", "b", "etc", "lower"};
    private static final String[] LEAVES = {"f0", "f1", "f2", "f3", "file", "old", "a", "link", "d"};
    private static final String[] LINKABLE = {"lower/file", "lower/two", "a/old", "d", "f0", "a/f1"};
    private static final String[] SPECIAL_NAMES = {
        "/",
        "./",
        "..",
        "../../victim",
        "/abs",
        "",
        "a//b/",
        ".wh.a",
        "a/.wh.b",
        ".wh..wh..opq",
        "a/.wh..wh..opq",
        ".wh.",
        ".wh..",
        ".wh..wh.plnk/1",
        "link/x",
        "lower/link/x",
        "n\u00ff\n\033[2J"
    };
    private static final String[] TARGETS = {
        "/", "..", "../..", "/etc/passwd", "a", "a/b", "lower/file", "lower/two", "d"
    };
    private static final String[] NUMBERS = {
        "0",
        "1",
        "10",
        "512",
        "1024",
        "-1",
        "8589934592",
        "9223372036854775807",
        "9223372036854775808",
        "",
        " ",
        "1x",
        "+5"
    };
    private static final String[] KEYS = {
        "path",
        "linkpath",
        "size",
        "uid",
        "gid",
        "mtime",
        "atime",
        "GNU.sparse.major",
        "GNU.sparse.minor",
        "GNU.sparse.name",
        "GNU.sparse.size",
        "GNU.sparse.realsize",
        "GNU.sparse.numblocks",
        "GNU.sparse.offset",
        "GNU.sparse.numbytes",
        "GNU.sparse.map",
        "SCHILY.xattr.user.a",
        "SCHILY.xattr.user.b",
        "SCHILY.xattr.user.overlay.opaque",
        "SCHILY.xattr.security.capability",
        "SCHILY.xattr.trusted.overlay.opaque",
        "SCHILY.xattr.system.posix_acl_default",
        "comment"
    };
    /// Offset and length of each field of a header.
    private static final int[][] FIELDS = {
        {0, 100},
        {100, 8},
        {108, 8},
        {116, 8},
        {124, 12},
        {136, 12},
        {148, 8},
        {156, 1},
        {157, 100},
        {257, 8},
        {329, 8},
        {337, 8},
        {345, 155},
        {386, 24},
        {482, 1},
        {483, 12},
        {508, 4}
    };

    private final Random random;

    public TarMutator(Random random) {
        this.random = random;
    }

    private <T> T one(T[] of) {
        return of[random.nextInt(of.length)];
    }

    /// An archive that is in order, if perhaps of strange content.
    public byte[] archive() {
        Tar tar = new Tar();
        for (int i = random.nextInt(12) + 1; i > 0; i--) {
            tar.add(entry());
        }
        return tar.end();
    }

    private String path() {
        return random.nextInt(40) == 0 ? one(SPECIAL_NAMES) : directory() + one(LEAVES);
    }

    private String directory() {
        StringBuilder path = new StringBuilder();
        for (int depth = random.nextInt(3); depth > 0; depth--) {
            path.append(one(DIRECTORIES)).append('/');
        }
        return path.toString();
    }

    private Tar.Item entry() {
        String path = path();
        Tar.Item item = switch (TYPES[random.nextInt(TYPES.length)]) {
            case '1' -> Tar.hardLink(path, one(random.nextInt(8) == 0 ? TARGETS : LINKABLE));
            case '2' -> Tar.symlink(path, one(TARGETS));
            case '3' -> Tar.item('3', path).device(random.nextInt(2), random.nextInt(4));
            case '4' -> Tar.item('4', path).device(8, 0);
            case '5' -> Tar.dir(random.nextInt(8) == 0 ? path + "/" : one(DIRECTORIES) + "/" + directory());
            case '6' -> Tar.item('6', path);
            default -> content(path);
        };
        item.mode(random.nextInt(010000)).owner(random.nextInt(3), random.nextInt(3));
        if (random.nextInt(20) == 0) {
            item.pax(one(KEYS), value());
        }
        return item;
    }

    private Tar.Item content(String path) {
        byte[] data = new byte[random.nextInt(4) == 0 ? random.nextInt(3000) : random.nextInt(20)];
        random.nextBytes(data);
        return switch (random.nextInt(12)) {
            case 0 ->
                Tar.file(path, "abc")
                        .pax("GNU.sparse.size", "100000")
                        .pax("GNU.sparse.numblocks", "2")
                        .pax("GNU.sparse.map", "10,1,5000,2");
            case 1 ->
                Tar.file(path, "")
                        .data(Arrays.copyOf("1\n4096\n8\n".getBytes(ISO_8859_1), BLOCK + 8))
                        .pax("GNU.sparse.major", "1")
                        .pax("GNU.sparse.minor", "0")
                        .pax("GNU.sparse.realsize", "9000");
            case 2 ->
                Tar.item('S', path)
                        .data("abc")
                        .gnu()
                        .patch(386, "00000000002\00000000000003\000".getBytes(ISO_8859_1))
                        .patch(483, "00000000100\0".getBytes(ISO_8859_1));
            case 3 -> Tar.file(path, "").gnu().data(data);
            case 4 -> Tar.file(path, "").v7().data(data);
            default -> Tar.file(path, "").data(data);
        };
    }

    private byte[] value() {
        return switch (random.nextInt(4)) {
            case 0 -> one(NUMBERS).getBytes(ISO_8859_1);
            case 1 -> path().getBytes(ISO_8859_1);
            case 2 -> "10,1,5000,2".getBytes(ISO_8859_1);
            default -> {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                yield bytes;
            }
        };
    }

    /// Damages it in a few places.
    public byte[] mutate(byte[] tar) {
        byte[] out = tar;
        for (int i = random.nextInt(2) + 1; i > 0; i--) {
            out = once(out);
        }
        return out;
    }

    private byte[] once(byte[] tar) {
        List<Integer> headers = headers(tar);
        if (headers.isEmpty()) {
            return tar.length == 0 ? archive() : flip(tar);
        }
        int at = headers.get(random.nextInt(headers.size()));
        int other = headers.get(random.nextInt(headers.size()));
        return switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> field(tar, at);
            case 4 -> type(tar, at);
            case 5 -> insert(tar, at, extended());
            case 6 -> insert(tar, at, Arrays.copyOfRange(tar, other, end(headers, other, tar)));
            case 7 -> remove(tar, at, end(headers, at, tar));
            case 8 -> insert(tar, at, new byte[BLOCK * (random.nextInt(2) + 1)]);
            case 9 -> Arrays.copyOf(tar, random.nextInt(tar.length) + 1);
            case 10 -> insert(tar, at, new Tar().add(entry()).bytes());
            default -> flip(tar);
        };
    }

    /// Where headers begin, by what their sizes say.
    private static List<Integer> headers(byte[] tar) {
        List<Integer> headers = new ArrayList<>();
        long at = 0;
        while (at + BLOCK <= tar.length && tar[(int) at + 257] == 'u') {
            headers.add((int) at);
            char type = (char) tar[(int) at + 156];
            long size = type >= '1' && type <= '6' ? 0 : octal(tar, (int) at + 124);
            if (size < 0) {
                break;
            }
            at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
        }
        return headers;
    }

    private static long octal(byte[] tar, int at) {
        long value = 0;
        for (int i = at; i < at + 11; i++) {
            if (tar[i] < '0' || tar[i] > '7') {
                return -1;
            }
            value = value * 8 + tar[i] - '0';
        }
        return value;
    }

    private static int end(List<Integer> headers, int at, byte[] tar) {
        int next = headers.indexOf(at) + 1;
        return next < headers.size() ? headers.get(next) : Math.min(tar.length, at + BLOCK);
    }

    private byte[] field(byte[] tar, int at) {
        byte[] out = tar.clone();
        int[] field = FIELDS[random.nextInt(FIELDS.length)];
        int from = at + field[0];
        switch (random.nextInt(7)) {
            case 0 -> Arrays.fill(out, from, from + field[1], (byte) 0);
            case 1 -> Arrays.fill(out, from, from + field[1], (byte) 0xFF);
            case 2 -> Arrays.fill(out, from, from + field[1], (byte) '7');
            case 3 -> Arrays.fill(out, from, from + field[1], (byte) ' ');
            case 4 -> out[from] = (byte) 0x80;
            case 5 -> put(out, from, field[1], path());
            default -> out[from + random.nextInt(field[1])] = (byte) random.nextInt(256);
        }
        return random.nextInt(12) == 0 ? out : summed(out, at);
    }

    private static void put(byte[] out, int from, int length, String text) {
        byte[] bytes = Arrays.copyOf(text.getBytes(ISO_8859_1), length);
        System.arraycopy(bytes, 0, out, from, length);
    }

    private byte[] type(byte[] tar, int at) {
        byte[] out = tar.clone();
        char[] types = random.nextBoolean() ? TYPES : OTHER_TYPES;
        out[at + 156] = (byte) types[random.nextInt(types.length)];
        return summed(out, at);
    }

    private static byte[] summed(byte[] tar, int at) {
        Arrays.fill(tar, at + 148, at + 156, (byte) ' ');
        int sum = 0;
        for (int i = at; i < at + BLOCK; i++) {
            sum += tar[i] & 0xFF;
        }
        put(tar, at + 148, 8, String.format("%06o\0 ", sum));
        return tar;
    }

    private byte[] extended() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int i = random.nextInt(4) + 1; i > 0; i--) {
            byte[] record = Tar.record(one(KEYS), value());
            if (random.nextInt(10) == 0) {
                record[random.nextInt(record.length)] = (byte) random.nextInt(256);
            }
            body.writeBytes(record);
        }
        return switch (random.nextInt(6)) {
            case 0 -> new Tar().add(Tar.extended('g', body.toByteArray())).bytes();
            case 1 -> new Tar().add(Tar.longName(path())).bytes();
            case 2 ->
                new Tar()
                        .add(Tar.extended('K', one(TARGETS).getBytes(ISO_8859_1)))
                        .bytes();
            default -> new Tar().add(Tar.extended('x', body.toByteArray())).bytes();
        };
    }

    private byte[] flip(byte[] tar) {
        byte[] out = tar.clone();
        out[random.nextInt(out.length)] ^= (byte) (1 << random.nextInt(8));
        return out;
    }

    private static byte[] insert(byte[] tar, int at, byte[] more) {
        byte[] out = new byte[tar.length + more.length];
        System.arraycopy(tar, 0, out, 0, at);
        System.arraycopy(more, 0, out, at, more.length);
        System.arraycopy(tar, at, out, at + more.length, tar.length - at);
        return out;
    }

    private static byte[] remove(byte[] tar, int from, int to) {
        byte[] out = Arrays.copyOf(tar, tar.length - (to - from));
        System.arraycopy(tar, to, out, from, tar.length - to);
        return out;
    }
}
