package io.slipway.snapshotter.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes tar archives block by block, right or wrong as the test wants. Names are Latin-1, so that every byte
/// can be written.
public final class Tar {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// One entry to write; what is not said is ordinary.
    public static final class Item {
        private final char type;
        private final String name;
        private String link = "";
        private byte[] data = {};
        private long size = -1;
        private int mode;
        private long uid;
        private long gid;
        private long mtime = 1_600_000_000L;
        private int major;
        private int minor;
        private String magic = "ustar\00000";
        private String prefix = "";
        private boolean dataLess;
        private final Map<String, byte[]> pax = new LinkedHashMap<>();
        private final Map<Integer, byte[]> patches = new LinkedHashMap<>();

        private Item(char type, String name, int mode) {
            this.type = type;
            this.name = name;
            this.mode = mode;
        }

        public Item data(String text) {
            return data(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        public Item data(byte[] bytes) {
            this.data = bytes;
            return this;
        }

        /// What the header claims instead of the data's length.
        public Item size(long claimed) {
            this.size = claimed;
            return this;
        }

        /// The header claims a size, but no data follows.
        public Item withoutData() {
            this.dataLess = true;
            return this;
        }

        public Item mode(int bits) {
            this.mode = bits;
            return this;
        }

        public Item owner(long user, long group) {
            this.uid = user;
            this.gid = group;
            return this;
        }

        public Item mtime(long seconds) {
            this.mtime = seconds;
            return this;
        }

        public Item device(int majorNumber, int minorNumber) {
            this.major = majorNumber;
            this.minor = minorNumber;
            return this;
        }

        public Item prefix(String text) {
            this.prefix = text;
            return this;
        }

        public Item v7() {
            this.magic = "";
            return this;
        }

        public Item gnu() {
            this.magic = "ustar  \0";
            return this;
        }

        public Item pax(String key, String value) {
            return pax(key, value.getBytes(StandardCharsets.ISO_8859_1));
        }

        public Item pax(String key, byte[] value) {
            pax.put(key, value);
            return this;
        }

        public Item xattr(String attribute, String value) {
            return pax("SCHILY.xattr." + attribute, value);
        }

        /// Overwrites header bytes before the check sum is made.
        public Item patch(int offset, byte... bytes) {
            patches.put(offset, bytes);
            return this;
        }
    }

    public static Item file(String name, String data) {
        return new Item('0', name, 0644).data(data);
    }

    public static Item dir(String name) {
        return new Item('5', name, 0755);
    }

    public static Item symlink(String name, String target) {
        Item item = new Item('2', name, 0777);
        item.link = target;
        return item;
    }

    public static Item hardLink(String name, String target) {
        Item item = new Item('1', name, 0644);
        item.link = target;
        return item;
    }

    public static Item item(char type, String name) {
        return new Item(type, name, 0644);
    }

    public static Item whiteout(String name) {
        return new Item('0', name, 0);
    }

    /// An extended header of any kind as an item: x, g, L, K.
    public static Item extended(char type, byte[] body) {
        Item special = new Item(type, "././@Ext", 0644).data(body);
        return type == 'L' || type == 'K' ? special.gnu() : special;
    }

    public static Item longName(String name) {
        return extended('L', (name + "\0").getBytes(StandardCharsets.ISO_8859_1));
    }

    public Tar add(Item... items) {
        for (Item item : items) {
            if (!item.pax.isEmpty()) {
                add(extended('x', paxBody(item.pax)));
            }
            raw(header(item));
            if (!item.dataLess) {
                padded(item.data);
            }
        }
        return this;
    }

    public Tar raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    public Tar padded(byte[] bytes) {
        raw(bytes);
        return raw(new byte[-bytes.length & 511]);
    }

    /// Two zero blocks.
    public byte[] end() {
        return raw(new byte[1024]).bytes();
    }

    public byte[] bytes() {
        return out.toByteArray();
    }

    public static byte[] paxBody(Map<String, byte[]> records) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        records.forEach((key, value) -> body.writeBytes(record(key, value)));
        return body.toByteArray();
    }

    public static byte[] record(String key, byte[] value) {
        byte[] name = key.getBytes(StandardCharsets.ISO_8859_1);
        int rest = name.length + value.length + 3;
        int length = rest + Integer.toString(rest).length();
        if (Integer.toString(length).length() != Integer.toString(rest).length()) {
            length = rest + Integer.toString(length).length();
        }
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        record.writeBytes((length + " ").getBytes(StandardCharsets.US_ASCII));
        record.writeBytes(name);
        record.write('=');
        record.writeBytes(value);
        record.write('\n');
        return record.toByteArray();
    }

    private static byte[] header(Item item) {
        byte[] b = new byte[512];
        text(b, 0, 100, item.name);
        octal(b, 100, 8, item.mode);
        octal(b, 108, 8, item.uid);
        octal(b, 116, 8, item.gid);
        octal(b, 124, 12, item.size >= 0 ? item.size : item.data.length);
        octal(b, 136, 12, item.mtime);
        b[156] = (byte) item.type;
        text(b, 157, 100, item.link);
        text(b, 257, 8, item.magic);
        octal(b, 329, 8, item.major);
        octal(b, 337, 8, item.minor);
        if (!item.prefix.isEmpty()) {
            text(b, 345, 155, item.prefix);
        }
        item.patches.forEach((offset, bytes) -> System.arraycopy(bytes, 0, b, offset, bytes.length));
        checksum(b);
        return b;
    }

    private static void checksum(byte[] b) {
        Arrays.fill(b, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte value : b) {
            sum += value & 0xFF;
        }
        text(b, 148, 7, String.format("%06o\0", sum));
        b[155] = ' ';
    }

    private static void text(byte[] b, int offset, int length, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, b, offset, Math.min(bytes.length, length));
    }

    /// Octal where it fits, base-256 otherwise.
    private static void octal(byte[] b, int offset, int length, long value) {
        String digits = Long.toOctalString(value);
        if (value >= 0 && digits.length() < length) {
            text(b, offset, length, "0".repeat(length - 1 - digits.length()) + digits);
        } else {
            for (int i = length - 1, shift = 0; i >= 0; i--, shift += 8) {
                b[offset + i] = shift < 64 ? (byte) (value >> shift) : (byte) (value >> 63);
            }
            b[offset] |= (byte) 0x80;
        }
    }
}
