package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.record;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.Os;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a layer says of its files, as it lies on the disk: extended attributes, times, holes, and the order of
/// what removes with what comes back.
@Tag("root")
class LayerAttributesTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path root;

    private Layers layers;

    @BeforeEach
    void open() throws Exception {
        layers = new Layers(root.resolve("one"));
    }

    @AfterEach
    void close() throws Exception {
        layers.close();
    }

    private static byte[] tar(Tar.Item... items) {
        return new Tar().add(items).end();
    }

    private Attributes onDisk(String name) throws Exception {
        try (Dir top = Dir.openRoot(layers.top())) {
            return top.stat(name.getBytes(ISO_8859_1));
        }
    }

    @Test
    void libarchivesXattrsAreIgnoredBesideTheCommonOnes() throws Exception {
        layers.apply(tar(
                file("both", "").xattr("user.a", "1").pax("LIBARCHIVE.xattr.user.a", "Mg=="),
                file("only", "").pax("LIBARCHIVE.xattr.user.a", "Mg==")));
        Map<String, String> tree = Trees.of(layers.top());
        assertThat(tree.get("both")).endsWith("{user.a=1}");
        assertThat(tree.get("only")).doesNotContain("user.a");
    }

    @Test
    void userXattrsThatLinksAndDevicesCannotHaveAreLeftOutAndOthersKept() throws Exception {
        layers.apply(tar(
                symlink("link", "t").xattr("user.a", "1").xattr("security.note", "s"),
                item('3', "null").device(1, 3).xattr("user.a", "1").xattr("security.note", "n"),
                item('4', "disk").device(8, 0).xattr("user.a", "1"),
                item('6', "pipe").xattr("user.a", "1")));
        Map<String, String> tree = Trees.of(layers.top());
        assertThat(tree.values()).noneMatch(line -> line.contains("user.a"));
        assertThat(tree.get("link")).endsWith("{security.note=s}");
        assertThat(tree.get("null")).endsWith("{security.note=n}");
        assertThat(tree.keySet()).containsExactly("disk", "link", "null", "pipe");
    }

    /// vfs_ns_cap_data (linux/capability.h), whose root is user 100000: one of root 0 reads back as revision 2.
    @Test
    void aCapabilityOfRevisionThreeIsKeptByteForByte() throws Exception {
        byte[] capability = ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x03000001)
                .putInt(0x80)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putInt(100_000)
                .array();
        layers.apply(tar(file("c", "").mode(0755).owner(3, 3).pax("SCHILY.xattr.security.capability", capability)));
        try (Dir top = Dir.openRoot(layers.top())) {
            assertThat(top.xattr("c".getBytes(ISO_8859_1), "security.capability".getBytes(ISO_8859_1)))
                    .hasValueSatisfying(value -> assertThat(value).isEqualTo(capability));
        }
    }

    @Test
    void timesOfEveryKindAreKeptToTheNanosecondAndAccessIsNeverBeforeModification() throws Exception {
        String time = "1700000000.123456789";
        layers.apply(tar(
                file("f", "").pax("mtime", time),
                file("late", "").pax("mtime", time).pax("atime", "1700000001.000000001"),
                file("early", "").pax("mtime", time).pax("atime", "1600000000.5"),
                dir("d/").pax("mtime", time),
                file("d/child", ""),
                symlink("l", "f").pax("mtime", time),
                item('6', "p").pax("mtime", time),
                item('3', "c").device(1, 3).pax("mtime", time)));
        Timestamp expected = new Timestamp(1_700_000_000L, 123_456_789);
        for (String name : List.of("f", "late", "early", "d", "l", "p", "c")) {
            assertThat(onDisk(name).modified()).as(name).isEqualTo(expected);
        }
        for (String name : List.of("f", "early", "p", "c")) {
            assertThat(onDisk(name).accessed()).as(name).isEqualTo(expected);
        }
        assertThat(onDisk("late").accessed()).isEqualTo(new Timestamp(1_700_000_001L, 1));
    }

    /// Everything but inode numbers, the time of the last change, which nobody can set, and times of `whiteout`.
    private static Map<String, String> all(Path top, String whiteout) throws Exception {
        Map<String, String> lines = new TreeMap<>();
        try (Dir dir = Dir.openRoot(top)) {
            for (String name : Trees.of(top).keySet()) {
                int slash = name.lastIndexOf('/');
                byte[] base = name.substring(slash + 1).getBytes(ISO_8859_1);
                try (Dir parent =
                        dir.openDir(name.substring(0, Math.max(slash, 0)).getBytes(ISO_8859_1))) {
                    Attributes a = parent.stat(base);
                    boolean unsettled =
                            !List.of(FileType.FIFO, FileType.CHARACTER_DEVICE).contains(a.type())
                                    || name.equals(whiteout);
                    lines.put(
                            name,
                            a.blocks() + " blocks, " + a.links() + " names"
                                    + (unsettled ? "" : ", read " + a.accessed()));
                }
            }
        }
        Trees.of(top, whiteout).forEach((name, line) -> lines.merge(name, line, (a, b) -> b + ", " + a));
        return lines;
    }

    @Test
    void theSameLayerTwiceGivesTheSameTree() throws Exception {
        byte[] lower = tar(dir("tmp/").mode(01777), file("tmp/old", "old"), file("gone", ""), file("base", "b"));
        byte[] upper = new Tar()
                .add(dir("d/").mode(02770).owner(4, 5).pax("mtime", "1500000000.000000009"))
                .add(file("d/f", "x").mode(04711).owner(1, 2).xattr("user.a", "1"), hardLink("d/same", "d/f"))
                .add(symlink("s", "d/f"), item('6', "p"), item('3', "c").device(1, 3))
                .add(file("tmp/new", ""), whiteout(".wh.gone"), whiteout("d/.wh..wh..opq"))
                .add(hardLink("linked", "base"), hardLink("early", "later"), file("later", "l"))
                .add(sparse10(8 << 20))
                .end();
        layers.apply(lower).apply(upper);
        try (Layers again = new Layers(root.resolve("two"))) {
            again.apply(lower).apply(upper);
            assertThat(all(again.top(), "gone"))
                    .hasSizeGreaterThan(12)
                    .containsExactlyEntriesOf(all(layers.top(), "gone"));
            assertThat(again.tree()).isEqualTo(layers.tree());
        }
    }

    private static Tar.Item sparse10(long size) {
        byte[] map = ("2\n1048576\n3\n" + (size - 4096) + "\n2\n").getBytes(ISO_8859_1);
        byte[] data = Arrays.copyOf(map, 512 + 5);
        System.arraycopy("abcde".getBytes(ISO_8859_1), 0, data, 512, 5);
        return file("GNUSparseFile.0/sparse", "")
                .data(data)
                .pax("GNU.sparse.major", "1")
                .pax("GNU.sparse.minor", "0")
                .pax("GNU.sparse.name", "sparse")
                .pax("GNU.sparse.realsize", Long.toString(size));
    }

    private static byte[] sparse00() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(record("GNU.sparse.size", Long.toString(GIB).getBytes(ISO_8859_1)));
        body.writeBytes(record("GNU.sparse.numblocks", "2".getBytes(ISO_8859_1)));
        for (long[] pair : new long[][] {{1 << 20, 3}, {GIB - 4096, 2}}) {
            body.writeBytes(record("GNU.sparse.offset", Long.toString(pair[0]).getBytes(ISO_8859_1)));
            body.writeBytes(record("GNU.sparse.numbytes", Long.toString(pair[1]).getBytes(ISO_8859_1)));
        }
        return body.toByteArray();
    }

    private static byte[] octal(long... values) {
        StringBuilder text = new StringBuilder();
        for (long value : values) {
            text.append(String.format("%011o\0", value));
        }
        return text.toString().getBytes(ISO_8859_1);
    }

    @Test
    void sparseFilesOfEveryFormKeepTheirHolesOnDisk() throws Exception {
        Map<String, byte[]> forms = Map.of(
                "old GNU",
                new Tar()
                        .add(item('S', "sparse")
                                .data("abcde")
                                .gnu()
                                .patch(386, octal(1 << 20, 3, GIB - 4096, 2))
                                .patch(483, octal(GIB)))
                        .end(),
                "PAX 0.0",
                new Tar()
                        .add(Tar.extended('x', sparse00()), file("sparse", "abcde"))
                        .end(),
                "PAX 0.1",
                tar(file("sparse", "abcde")
                        .pax("GNU.sparse.size", Long.toString(GIB))
                        .pax("GNU.sparse.numblocks", "2")
                        .pax("GNU.sparse.map", "1048576,3," + (GIB - 4096) + ",2")),
                "PAX 1.0",
                tar(sparse10(GIB)));
        for (Map.Entry<String, byte[]> form : forms.entrySet()) {
            layers.apply(form.getValue());
            try (Dir top = Dir.openRoot(layers.top());
                    FileHandle file = top.openFile("sparse".getBytes(ISO_8859_1))) {
                assertThat(file.stat().size()).as(form.getKey()).isEqualTo(GIB);
                assertThat(file.stat().blocks()).as(form.getKey()).isBetween(1L, 64L);
                long first = file.nextData(0).orElseThrow();
                assertThat(first).as(form.getKey()).isBetween((1L << 20) - 65536, 1L << 20);
                long hole = file.nextHole(first);
                assertThat(hole).as(form.getKey()).isBetween((1L << 20) + 3, (1L << 20) + 65536);
                assertThat(file.nextData(hole)).as(form.getKey()).hasValue(GIB - 4096);
                ByteBuffer bytes = ByteBuffer.allocate(8);
                assertThat(file.read(bytes, 1 << 20)).isEqualTo(8);
                assertThat(bytes.array()).startsWith("abc\0".getBytes(ISO_8859_1));
                assertThat(file.read(bytes.clear(), GIB - 4096)).isEqualTo(8);
                assertThat(bytes.array()).startsWith("de\0".getBytes(ISO_8859_1));
            }
        }
    }

    @Test
    void aFileThatIsOneHoleTakesNoSpace() throws Exception {
        layers.apply(tar(file("sparse", "")
                .pax("GNU.sparse.size", Long.toString(GIB))
                .pax("GNU.sparse.numblocks", "1")
                .pax("GNU.sparse.map", GIB + ",0")));
        try (Dir top = Dir.openRoot(layers.top());
                FileHandle file = top.openFile("sparse".getBytes(ISO_8859_1))) {
            assertThat(file.stat().size()).isEqualTo(GIB);
            assertThat(file.nextData(0)).isEqualTo(OptionalLong.empty());
        }
    }

    private static List<List<Tar.Item>> orders(List<Tar.Item> items) {
        if (items.isEmpty()) {
            return List.of(List.of());
        }
        List<List<Tar.Item>> orders = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            List<Tar.Item> rest = new ArrayList<>(items);
            Tar.Item first = rest.remove(i);
            for (List<Tar.Item> order : orders(rest)) {
                List<Tar.Item> whole = new ArrayList<>(List.of(first));
                whole.addAll(order);
                orders.add(Collections.unmodifiableList(whole));
            }
        }
        return orders;
    }

    private void everyOrder(byte[] lower, List<Tar.Item> items, Map<String, String> expected) throws Exception {
        for (List<Tar.Item> order : orders(items)) {
            layers.apply(lower).apply(tar(order.toArray(new Tar.Item[0])));
            Map<String, String> modes = new TreeMap<>();
            layers.tree().forEach((name, line) -> modes.put(name, line.substring(0, line.indexOf(" 0:0"))));
            assertThat(modes)
                    .as(() -> "order " + order.stream().map(items::indexOf).toList())
                    .isEqualTo(expected);
            layers.drop();
            layers.drop();
        }
    }

    @Test
    void aWhiteoutHidesWhatLiesBelowWhereverItStandsAmongWhatReplacesIt() throws Exception {
        everyOrder(
                tar(dir("d/").mode(0711), file("d/old", ""), dir("d/sub/").mode(0700), file("d/sub/old", "")),
                List.of(whiteout(".wh.d"), dir("d/").mode(0750), file("d/new", ""), file("d/sub/new", "")),
                Map.of(
                        "d",
                        "DIRECTORY 0750",
                        "d/new",
                        "FILE 0644",
                        "d/sub",
                        "DIRECTORY 0755",
                        "d/sub/new",
                        "FILE 0644"));
    }

    @Test
    void anOpaqueMarkHidesWhatLiesBelowWhereverItStands() throws Exception {
        everyOrder(
                tar(dir("d/").mode(0711), file("d/old", ""), dir("d/sub/").mode(0700), file("d/sub/old", "")),
                List.of(whiteout("d/.wh..wh..opq"), dir("d/").mode(0750), whiteout("d/.wh.sub"), file("d/sub/new", "")),
                Map.of("d", "DIRECTORY 0750", "d/sub", "DIRECTORY 0755", "d/sub/new", "FILE 0644"));
    }

    @Test
    void anEntryBelowOneThatIsRemovedComesBackAloneInEveryOrder() throws Exception {
        everyOrder(
                tar(dir("a/").mode(0711), dir("a/b/").mode(0700), file("a/b/old", ""), file("a/kept", "")),
                List.of(whiteout("a/.wh.b"), file("a/b/c", ""), whiteout("a/b/.wh.old"), whiteout("a/b/.wh.never")),
                Map.of("a", "DIRECTORY 0711", "a/kept", "FILE 0644", "a/b", "DIRECTORY 0755", "a/b/c", "FILE 0644"));
    }

    @Test
    void attributesThatAnInodeCannotHoldNameTheEntryAndNotAFullDisk() throws Exception {
        assertThat(Os.fileSystem(root).type())
                .as("this test needs its directory on ext4")
                .isEqualTo("ext4");
        String half = "v".repeat(3000);
        for (Tar.Item item : List.of(file("full", ""), dir("full/"))) {
            byte[] tar = tar(item.xattr("user.a", half).xattr("user.b", half));
            assertThatThrownBy(() -> layers.apply(tar))
                    .isInstanceOf(LayerFormatException.class)
                    .hasMessageContaining("entry full")
                    .hasMessageContaining("extended attributes (6012 bytes, user.b among them) do not fit")
                    .hasMessageContaining("ext4");
        }
    }
}
