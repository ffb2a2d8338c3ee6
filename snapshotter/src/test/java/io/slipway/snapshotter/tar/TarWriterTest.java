package io.slipway.snapshotter.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Timestamp;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarWriterTest {
    private static final TarLimits LIMITS = new TarLimits(100_000, 1L << 40);
    private static final Timestamp TIME = new Timestamp(1_600_000_000L, 0);

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private final TarWriter writer = new TarWriter(run -> {
        byte[] bytes = new byte[run.remaining()];
        run.get(bytes);
        archive.writeBytes(bytes);
    });

    private static TarNode node(EntryType type, long size, Timestamp time) {
        return new TarNode(type, 0644, 0, 0, size, time, DeviceNumber.ZERO);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private void put(TarNode node, String name, String link, Xattr... xattrs) throws Exception {
        writer.entry(node, bytes(name), bytes(link), List.of(xattrs));
    }

    private List<TarEntry> read() throws IOException, InterruptedException {
        writer.end();
        Iterator<byte[]> once = List.of(archive.toByteArray()).iterator();
        TarReader reader = new TarReader(() -> once.hasNext() ? ByteBuffer.wrap(once.next()) : null, LIMITS);
        List<TarEntry> entries = new ArrayList<>();
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            entries.add(entry);
        }
        reader.drain();
        return entries;
    }

    @Test
    void anOrdinaryEntryIsOneHeaderBlock() throws Exception {
        put(node(EntryType.DIRECTORY, 0, TIME), "etc/", "");
        assertThat(archive.size()).isEqualTo(512);
        assertThat(read().getFirst().name()).isEqualTo(bytes("etc/"));
        assertThat(archive.size()).isEqualTo(512 + 1024);
    }

    @Test
    void namesOfAnyBytesAndLengthsComeBack() throws Exception {
        List<String> names = new ArrayList<>(List.of("a", "\u00ff\u00fe", "with\nline", "d/".repeat(40) + "f"));
        for (int length : new int[] {99, 100, 101, 155, 156, 200, 255, 256, 257, 300, 4095}) {
            names.add("n".repeat(Math.min(length, 250)) + "/x".repeat(Math.max(0, length - 250) / 2));
            names.add("p/".repeat(length / 2) + "q");
            names.add("\u00e9/".repeat(length / 2) + "q");
        }
        names.removeIf(name -> name.length() > TarLimits.PATH_BYTES_MAX);
        for (String name : names) {
            put(node(EntryType.FILE, 0, TIME), name, "");
            put(node(EntryType.SYMLINK, 0, TIME), "link", name);
            put(node(EntryType.HARD_LINK, 0, TIME), name, name);
        }
        List<TarEntry> entries = read();
        assertThat(entries).hasSize(names.size() * 3);
        for (int i = 0; i < names.size(); i++) {
            assertThat(entries.get(3 * i).name()).isEqualTo(bytes(names.get(i)));
            assertThat(entries.get(3 * i + 1).link()).isEqualTo(bytes(names.get(i)));
            assertThat(entries.get(3 * i + 2).name()).isEqualTo(bytes(names.get(i)));
            assertThat(entries.get(3 * i + 2).link()).isEqualTo(bytes(names.get(i)));
        }
    }

    @Test
    void namesThatAreNotUtf8AreAnnounced() throws Exception {
        put(node(EntryType.FILE, 0, TIME), "\u00ff", "");
        assertThat(archive.toString(ISO_8859_1)).contains("hdrcharset=BINARY\n");
        archive.reset();
        put(
                node(EntryType.FILE, 0, TIME),
                new String("\u00ff".getBytes(java.nio.charset.StandardCharsets.UTF_8), ISO_8859_1),
                "");
        assertThat(archive.toString(ISO_8859_1)).doesNotContain("hdrcharset").contains("path=");
    }

    @Test
    void largeNumbersAndFractionsComeBack() throws Exception {
        TarNode large = new TarNode(
                EntryType.FILE, 07777, 0xFFFF_FFFEL, 2_097_152, 0, new Timestamp(9_000_000_000L, 1), DeviceNumber.ZERO);
        put(large, "f", "");
        put(node(EntryType.FILE, 0, new Timestamp(5, 120_000_000)), "g", "");
        put(node(EntryType.FILE, 0, new Timestamp(-2, 500_000_000)), "before", "");
        DeviceNumber device = new DeviceNumber(4095, 1_048_575);
        put(new TarNode(EntryType.BLOCK_DEVICE, 0600, 0, 0, 0, TIME, device), "d", "");
        assertThat(archive.toString(ISO_8859_1))
                .contains("mtime=9000000000.000000001\n", "mtime=5.12\n", "mtime=-1.5\n");
        List<TarEntry> entries = read();
        assertThat(entries.get(0).uid()).isEqualTo(0xFFFF_FFFEL);
        assertThat(entries.get(0).gid()).isEqualTo(2_097_152);
        assertThat(entries.get(0).mode()).isEqualTo(07777);
        assertThat(entries.get(0).modified()).isEqualTo(new Timestamp(9_000_000_000L, 1));
        assertThat(entries.get(1).modified()).isEqualTo(new Timestamp(5, 120_000_000));
        assertThat(entries.get(2).modified())
                .as("times before 1970 read as 1970")
                .isEqualTo(new Timestamp(0, 0));
        assertThat(entries.get(3).device()).isEqualTo(device);
    }

    @Test
    void xattrsOfAnyBytesComeBack() throws Exception {
        Random random = new Random(1);
        List<Xattr> xattrs = new ArrayList<>();
        for (int size : new int[] {0, 1, 60, 61, 62, 63, 64, 940, 960, 980, 1000, 65_536}) {
            byte[] value = new byte[size];
            random.nextBytes(value);
            xattrs.add(new Xattr(bytes("user.\u00e9" + size), value));
        }
        writer.entry(node(EntryType.FILE, 0, TIME), bytes("f"), new byte[0], xattrs);
        TarEntry entry = read().getFirst();
        assertThat(CarriedEquality.of(entry.xattrs())).isEqualTo(CarriedEquality.of(xattrs));
    }

    /// Attributes as text, to compare.
    private static final class CarriedEquality {
        static List<String> of(List<Xattr> xattrs) {
            return xattrs.stream()
                    .map(xattr -> xattr.latin1Name() + "=" + new String(xattr.value(), ISO_8859_1))
                    .toList();
        }
    }

    @Test
    void dataIsHeldToItsSize() throws Exception {
        put(node(EntryType.FILE, 600, TIME), "f", "");
        writer.data(ByteBuffer.allocate(500));
        assertThatThrownBy(() -> writer.data(ByteBuffer.allocate(101))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(writer::end).isInstanceOf(IllegalStateException.class);
        writer.data(ByteBuffer.allocate(100));
        assertThat(archive.size()).isEqualTo(512 + 1024);
        assertThat(read().getFirst().size()).isEqualTo(600);
    }

    @Test
    @Tag("peer")
    void gnuTarReadsIt(@TempDir Path dir) throws Exception {
        put(node(EntryType.DIRECTORY, 0, TIME), "d/", "");
        String deep = "d/" + "l".repeat(200) + "/" + "m".repeat(100);
        put(node(EntryType.FILE, 3, new Timestamp(5, 7)), deep, "");
        writer.data(ByteBuffer.wrap(bytes("abc")));
        put(node(EntryType.HARD_LINK, 0, TIME), "d/\u00ff", deep);
        writer.end();
        Path file = Files.write(dir.resolve("a.tar"), archive.toByteArray());
        Process tar = new ProcessBuilder("tar", "--quoting-style=literal", "-tf", file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String listed = new String(tar.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(tar.waitFor()).as(listed).isZero();
        assertThat(listed.lines()).containsExactly("d/", deep, "d/\u00ff");
    }
}
