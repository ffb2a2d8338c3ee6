package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.extended;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.longName;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.tar.TarFormatException;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The corpus of hostile layers: each stays inside its directory or is refused naming the entry, and the host's
/// files outside are untouched. A row's name begins with its number; where the others are, [#ELSEWHERE] says. What a
/// manifest or a configuration asks for (47 to 49, and the other half of 46) is with who reads those: the tests of
/// images in `puller`, of the services in `cas` and of `run` in `daemon`.
@Tag("root")
@Timeout(60)
class HostileLayerTest {
    /// Rows that are not in [#rows], and where their tests are: class and method in this module, or another module.
    private static final Map<Integer, List<String>> ELSEWHERE = Map.of(
            39,
            List.of(
                    "unpack.ChainUnpackTest#trailingBytesBelongToTheDiffId",
                    "unpack.ChainUnpackTest#bytesAfterTheArchiveThatTheDiffIdDoesNotCoverAreRefused"),
            44,
            List.of(
                    "layer.DecompressorsTest#bombsAreRefusedByRatioAndBySize",
                    "layer.StreamProcessorsTest#aProcessorThatHangsIsKilledWithItsChildren",
                    "overlay.HugeLayerTest#everyHugeLayerFitsTheDaemonsHeapOrIsRefused"),
            45,
            List.of(
                    "layer.DecompressorsTest#damagedGzipIsRefused",
                    "layer.DecompressorsTest#damagedZstdIsRefused",
                    "unpack.ChainUnpackTest#aDamagedGzipStreamIsRefusedAfterItsLastFileAndNothingStays"),
            46,
            List.of("unpack.ChainUnpackTest#aWrongDiffIdNamesBoth", "puller: HostileImageTest"),
            47,
            List.of("puller: HostileImageTest"),
            48,
            List.of("daemon: e2e.HostileImageTest"),
            49,
            List.of("puller: HostileImageTest", "cas: service.ServicesTest"),
            50,
            List.of("overlay.HostileLayerTest#aDirectorySwappedForALinkMidwayLeadsNowhereElse"),
            51,
            List.of(
                    "unpack.FailingDiskTest#aFullFileSystemNamesTheEntryAndTakesTheLayerWhenThereIsRoom",
                    "unpack.FailingDiskTest#aQuotaNamesTheEntryAndTakesTheLayerWhenItIsRaised",
                    "unpack.FailingDiskTest#aFailedSyncBeforeACommitRefusesIt",
                    "KilledAtEachStepTest#nothingLeaks"));

    private static final int ROWS = 51;
    private static final String SNAPSHOTS = "store/snapshotters/overlayfs/snapshots";

    @TempDir
    Path root;

    private Layers layers;
    private Path host;
    private Map<String, String> before = Map.of();

    @BeforeEach
    void open() throws Exception {
        layers = new Layers(Files.createDirectories(root.resolve("store")));
        host = Files.createDirectories(root.resolve("host"));
        canary(host);
        canary(root.resolve(SNAPSHOTS + "/1000"));
        before = outside();
    }

    private static void canary(Path at) throws IOException {
        Files.createDirectories(at.resolve("tmp"));
        Files.writeString(at.resolve("victim"), "safe");
    }

    /// What no layer may change: a tree far away, a tree right beside the layers, and files of the machine.
    private Map<String, String> outside() throws IOException {
        Map<String, String> trees = new TreeMap<>(Trees.of(host));
        Trees.of(root.resolve(SNAPSHOTS + "/1000")).forEach((path, line) -> trees.put("beside/" + path, line));
        for (String file : List.of("/etc/passwd", "/etc", "/dev/null")) {
            trees.put(
                    file,
                    Files.readAttributes(Path.of(file), "unix:ino,mode,uid,gid,nlink,rdev")
                            .toString());
        }
        return trees;
    }

    @AfterEach
    void whatLiesOutsideIsUntouched() throws Exception {
        Map<String, String> after = outside();
        layers.close();
        assertThat(after).isEqualTo(before);
    }

    /// A layer, and `refused` with part of the message, or what the tree must show.
    record Row(String name, Tar tar, String refused, List<String> shows) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row contained(String name, Tar.Item[] items, String... shows) {
        return new Row(name, new Tar().add(items).raw(new byte[1024]), "", List.of(shows));
    }

    private static Row refused(String name, String message, Tar.Item... items) {
        return new Row(name, new Tar().add(items).raw(new byte[1024]), message, List.of());
    }

    private static Tar.Item[] of(Tar.Item... items) {
        return items;
    }

    static Stream<Row> rows() {
        String deep = "x/".repeat(2000);
        byte[] whole = new Tar().add(file("f", "0123456789")).end();
        return Stream.of(
                contained("01 dot dot", of(file("../x", "")), "x"),
                contained("02 absolute", of(file("/abs", "")), "abs"),
                contained("03 dot dot in the middle", of(file("a/../../x", "")), "x"),
                contained(
                        "04 symlink to the root, then a file through it",
                        of(symlink("l", "/"), file("l/victim", "")),
                        "l",
                        "victim"),
                contained(
                        "05 relative symlink up and out",
                        of(symlink("l", "../../../.."), file("l/victim", "")),
                        "l",
                        "victim"),
                contained(
                        "06 chained symlinks",
                        of(symlink("a", "b"), symlink("b", "/c"), file("a/x", "")),
                        "a",
                        "b",
                        "c",
                        "c/x"),
                refused("07 symlink loop", "entry a/x", symlink("a", "b"), symlink("b", "a"), file("a/x", "")),
                refused("08 41 nested symlinks", "entry l40/x", nested(41)),
                contained(
                        "09 directory replaced by a symlink, then a child",
                        of(
                                dir("foo/"),
                                dir("foo/tmp/"),
                                file("foo/tmp/a", ""),
                                symlink("foo", "/"),
                                file("foo/tmp/x", "")),
                        "foo",
                        "tmp",
                        "tmp/x"),
                contained(
                        "10 symlink replaced by a directory, then a child",
                        of(symlink("foo", "/"), dir("foo/"), file("foo/x", "")),
                        "foo",
                        "foo/x"),
                refused("11 absolute hard link to a host file", "entry h", hardLink("h", "/etc/passwd")),
                refused("12 hard link up", "entry h", hardLink("h", "../../../../../etc/passwd")),
                refused(
                        "13 hard link through a symlinked directory",
                        "entry h",
                        symlink("d", "/etc"),
                        hardLink("h", "d/passwd")),
                contained(
                        "14 hard link to a symlink, then written through",
                        of(symlink("s", "/victim"), hardLink("h", "s"), file("h", "new")),
                        "h",
                        "s"),
                refused("15 hard link to itself", "entry h", hardLink("h", "h")),
                refused("16 hard link to a directory", "entry h", dir("d/"), hardLink("h", "d")),
                contained("17 hard link to a later entry", of(hardLink("h", "f"), file("f", "x")), "f", "h"),
                refused("17 hard links to each other", "entry a", hardLink("a", "b"), hardLink("b", "a")),
                refused("18 hard link to what this layer removed", "entry h", whiteout(".wh.f"), hardLink("h", "f")),
                refused("19 root entry as a symlink", "entry ./", symlink("./", "/etc")),
                refused("19 root entry as a file", "entry .", file(".", "x")),
                contained(
                        "19 root entry as a directory", of(dir("./").mode(0777).owner(5, 5), file("x", "")), "x"),
                refused("20 .wh.", "entry .wh.", file(".wh.", "")),
                refused("20 .wh..", "entry .wh..", file(".wh..", "")),
                refused("20 .wh...", "entry .wh...", file(".wh...", "")),
                refused("20 whiteout as a directory of a path", "entry .wh.a/b", file(".wh.a/b", "")),
                contained(
                        "21 whiteout through a symlink out of the root",
                        of(symlink("l", "/"), whiteout("l/.wh.victim")),
                        "l"),
                contained("22 opaque on the root", of(whiteout(".wh..wh..opq"), file("x", "")), "x"),
                contained("23 whiteout of the own parent", of(file("a/b", ""), whiteout(".wh.a")), "a", "a/b"),
                contained("24 whiteout after the own file", of(file("a", ""), whiteout(".wh.a")), "a"),
                contained("25 opaque last", of(dir("d/"), file("d/x", ""), whiteout("d/.wh..wh..opq")), "d", "d/x"),
                contained(
                        "26 whiteout name as directory or device",
                        of(dir(".wh.a/"), item('3', ".wh.b").device(1, 3), file("x", "")),
                        "x"),
                contained(
                        "27 AUFS metadata names",
                        of(dir(".wh..wh.plnk/"), file(".wh..wh.plnk/1.2", ""), file(".wh..wh.aufs", ""), file("x", "")),
                        "x"),
                contained("28 fifo, then a file at its path", of(item('6', "p"), file("p", "data")), "p"),
                contained(
                        "29 passwd as a symlink to a fifo",
                        of(item('6', "pipe"), dir("etc/"), symlink("etc/passwd", "../pipe")),
                        "etc",
                        "etc/passwd",
                        "pipe"),
                contained(
                        "30 device nodes, 0:0 among them",
                        of(item('3', "zero").device(0, 0), item('4', "disk").device(8, 0)),
                        "disk"),
                contained(
                        "29 passwd as a symlink to the host's, then a file there",
                        of(dir("etc/"), symlink("etc/passwd", "/etc/passwd"), file("etc/passwd", "own")),
                        "etc",
                        "etc/passwd"),
                contained(
                        "30 entries below a device 0:0", of(item('3', "d").device(0, 0), file("d/x", "")), "d", "d/x"),
                refused("30 entries below a device", "entry d/x", item('3', "d").device(1, 3), file("d/x", "")),
                refused(
                        "30 hard link to a device 0:0",
                        "entry h",
                        item('3', "z").device(0, 0),
                        hardLink("h", "z")),
                refused(
                        "30 device number out of range",
                        "device 5000:1",
                        item('4', "d").device(5000, 1)),
                contained(
                        "31 attributes that steer the overlay",
                        of(
                                dir("d/").xattr("trusted.overlay.opaque", "y").xattr("trusted.overlay.redirect", "/"),
                                file("d/m", "").xattr("trusted.overlay.metacopy", ""),
                                file("d/w", "").xattr("user.overlay.whiteout", "y")),
                        "d",
                        "d/m",
                        "d/w"),
                contained(
                        "32 capabilities of both revisions",
                        of(
                                file("v2", "").pax("SCHILY.xattr.security.capability", capability(2)),
                                file("v3", "").pax("SCHILY.xattr.security.capability", capability(3))),
                        "v2",
                        "v3"),
                refused("32 garbage as a capability", "entry c", file("c", "").xattr("security.capability", "garbage")),
                contained(
                        "33 PAX size hides headers that the header's size would show",
                        of(file("outer", "").pax("size", "1024").size(0).data(inner("evil"))),
                        "outer"),
                contained(
                        "34 PAX size before a long name",
                        of(
                                extended('x', record("size", "1024")),
                                longName("long"),
                                file("s", "").size(0).data(inner("evil"))),
                        "long"),
                refused("35 size of -1", "entry f", file("f", "").patch(124, negative())),
                refused("35 PAX size of -1", "entry f", file("f", "").pax("size", "-1")),
                refused("35 PAX size of 2^63", "entry f", file("f", "").pax("size", "9223372036854775808")),
                refused("35 base-256 size of 2^63", "f", file("f", "").patch(124, wide())),
                refused("35 PAX size of 2^63-1", "entry f", file("f", "").pax("size", "9223372036854775807")),
                refused(
                        "36 extended header of 8 GiB",
                        "at most 1 MiB",
                        item('x', "e").size(1L << 33)),
                refused(
                        "36 global header of 8 GiB",
                        "at most 1 MiB",
                        item('g', "e").size(1L << 33)),
                refused(
                        "36 long name of 8 GiB",
                        "at most 1 MiB",
                        item('L', "e").gnu().size(1L << 33)),
                refused(
                        "36 long link of 8 GiB",
                        "at most 1 MiB",
                        item('K', "e").gnu().size(1L << 33)),
                refused("37 sparse map of a billion regions", "entry s", sparse("1000000000\n", "10")),
                refused("37 sparse map that never ends", "entry s", sparse("9".repeat(1000), "10")),
                refused("37 sparse map with a negative hole", "entry s", sparse("1\n-5\n3\n", "10")),
                refused("37 sparse map that overlaps", "entry s", sparse("2\n0\n5\n3\n5\n", "10")),
                refused("37 sparse file of 1 PB", "entry s", sparse("1\n0\n0\n", "1125899906842624")),
                refused("37 old sparse map beyond its size", "entry s", oldSparse("00000000001\0")),
                refused("37 old sparse size of -1", "entry s", oldSparse("\377".repeat(12))),
                refused(
                        "37 old sparse map without end",
                        "entry s",
                        oldSparse("00000000012\0")
                                .patch(482, (byte) 1)
                                .data(endlessMap())
                                .size(3)),
                raw("38 truncated header", "header ends early", Arrays.copyOf(whole, 300)),
                raw("38 truncated data", "entry f", Arrays.copyOf(whole, 515)),
                raw("38 lone zero block, then an entry", "lone zero block", joined(new byte[512], whole)),
                raw("38 no end of archive", "", Arrays.copyOf(whole, 1024), "f"),
                raw("38 half an end of archive", "", Arrays.copyOf(whole, 1536), "f"),
                refused(
                        "40 NUL in a PAX path",
                        "NUL in PAX record path",
                        file("f", "").pax("path", "a\0b")),
                refused(
                        "40 NUL in a PAX link",
                        "NUL in PAX record linkpath",
                        symlink("f", "t").pax("linkpath", "a\0b")),
                refused("40 NUL in a key", "NUL in PAX record", file("f", "").pax("a\0b", "c")),
                contained("41 name of no encoding, new line", of(file("a\u00ff\n\u0080", "")), "a\u00ff\n\u0080"),
                refused(
                        "41 terminal escapes in a name that is refused",
                        "\\u{1b}]0;owned\\u{7}",
                        hardLink("\033]0;owned\007\033[2J", "missing")),
                refused("41 name of 256 bytes", "more than 255", file("f", "").pax("path", "n".repeat(256))),
                contained("41 name of 255 bytes", of(file("f", "").pax("path", "n".repeat(255))), "n".repeat(255)),
                refused("41 path of 5000 bytes", "more than 4095", file("f", "").pax("path", "x/".repeat(2500) + "y")),
                refused(
                        "41 link of 5000 bytes",
                        "more than 4095",
                        symlink("f", "t").pax("linkpath", "x".repeat(5000))),
                refused("41 empty name", "without a name", file("", "")),
                refused("42 group 2^63-1", "gid", file("f", "").pax("gid", "9223372036854775807")),
                refused("42 base-256 owner 2^62", "uid", file("f", "").owner(1L << 62, 0)),
                refused("42 owner -1", "uid -1", file("f", "").pax("uid", "-1")),
                refused("42 owner 2^32-1", "uid 4294967295", file("f", "").pax("uid", "4294967295")),
                new Row(
                        "43 depth of 2000",
                        new Tar().add(file("f", "").pax("path", deep + "y")).raw(new byte[1024]),
                        "",
                        List.of()));
    }

    private static Row raw(String name, String message, byte[] bytes, String... shows) {
        return new Row(name, new Tar().raw(bytes), message, List.of(shows));
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }

    /// A header and no data: 1024 bytes that are an archive of their own.
    private static byte[] inner(String name) {
        return Arrays.copyOf(new Tar().add(file(name, "")).bytes(), 1024);
    }

    private static byte[] record(String key, String value) {
        return Tar.record(key, value.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static byte[] negative() {
        byte[] field = new byte[12];
        Arrays.fill(field, (byte) 0xFF);
        return field;
    }

    private static byte[] wide() {
        byte[] field = new byte[12];
        field[0] = (byte) 0x80;
        field[4] = (byte) 0x80;
        return field;
    }

    private static Tar.Item sparse(String map, String realSize) {
        return file("GNUSparseFile.0/s", "")
                .data(Arrays.copyOf(
                        map.getBytes(StandardCharsets.ISO_8859_1), Math.max(512, (map.length() + 511) & ~511)))
                .pax("GNU.sparse.major", "1")
                .pax("GNU.sparse.minor", "0")
                .pax("GNU.sparse.name", "s")
                .pax("GNU.sparse.realsize", realSize);
    }

    private static Tar.Item oldSparse(String realSize) {
        return item('S', "s")
                .data("abc")
                .gnu()
                .patch(386, "00000000002\00000000000002\000".getBytes(StandardCharsets.ISO_8859_1))
                .patch(410, "00000000010\00000000000001\000".getBytes(StandardCharsets.ISO_8859_1))
                .patch(483, realSize.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// Extension blocks, each of which says that another follows, for more than 1 MiB.
    private static byte[] endlessMap() {
        byte[] blocks = new byte[(1 << 20) + 1024];
        for (int at = 504; at < blocks.length; at += 512) {
            blocks[at] = 1;
        }
        return blocks;
    }

    /// vfs_cap_data (linux/capability.h): CAP_SETUID permitted and effective; revision 3 adds a root id, 0.
    private static byte[] capability(int revision) {
        byte[] data = new byte[revision == 3 ? 24 : 20];
        data[0] = 1;
        data[3] = (byte) revision;
        data[4] = (byte) 0x80;
        return data;
    }

    /// l0 -> d, l1 -> l0, ...: more than any resolver follows.
    private static Tar.Item[] nested(int count) {
        Tar.Item[] items = new Tar.Item[count + 2];
        items[0] = dir("d/");
        for (int i = 0; i < count; i++) {
            items[i + 1] = symlink("l" + i, i == 0 ? "d" : "l" + (i - 1));
        }
        items[count + 1] = file("l" + (count - 1) + "/x", "");
        return items;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void staysInsideOrIsRefused(Row row) throws Exception {
        byte[] tar = row.tar().bytes();
        if (!row.refused().isEmpty()) {
            assertThatThrownBy(() -> layers.apply(tar))
                    .as(row.name())
                    .isInstanceOfAny(LayerFormatException.class, TarFormatException.class, ApiException.class)
                    .hasMessageContaining(row.refused())
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern("\\p{Cntrl}"));
            assertThat(snapshots()).containsExactly("1000");
            return;
        }
        layers.apply(tar);
        if (!row.shows().isEmpty()) {
            assertThat(layers.tree().keySet()).containsExactlyInAnyOrderElementsOf(row.shows());
        }
    }

    @Test
    void everyRowOfTheCorpusHasATest() throws Exception {
        Set<Integer> numbers = new TreeSet<>(ELSEWHERE.keySet());
        rows().forEach(row -> numbers.add(Integer.parseInt(row.name().substring(0, 2))));
        assertThat(numbers).hasSize(ROWS).contains(1, ROWS);
        for (String test : ELSEWHERE.values().stream().flatMap(List::stream).toList()) {
            int hash = test.indexOf('#');
            if (hash > 0) {
                Class<?> of = Class.forName("io.slipway.snapshotter." + test.substring(0, hash));
                assertThat(Arrays.stream(of.getDeclaredMethods()).map(Method::getName))
                        .contains(test.substring(hash + 1));
            }
        }
    }

    @Test
    void aLinkedInodeOfTheHostIsNeverChanged() throws Exception {
        String victim = host.resolve("victim").toString();
        assertThatThrownBy(() -> layers.apply(new Tar()
                        .add(symlink("l", host.toString()), hardLink("h", "l/victim"))
                        .end()))
                .hasMessageContaining("entry h");
        assertThatCode(() -> layers.apply(new Tar()
                        .add(symlink("l", host.toString()), hardLink("h", "l/victim"), file("h", "overwritten"))
                        .end()))
                .doesNotThrowAnyException();
        assertThatCode(() -> layers.apply(new Tar()
                        .add(symlink("l", victim), file("l", "own").mode(04777))
                        .end()))
                .doesNotThrowAnyException();
        assertThatCode(() -> layers.apply(new Tar()
                        .add(symlink("d", host.toString()), whiteout("d/.wh.victim"), whiteout("d/.wh..wh..opq"))
                        .end()))
                .doesNotThrowAnyException();
    }

    @Test
    void aDirectoryReplacedWhileHeldOpenLeadsNowhereElse() throws Exception {
        Tar tar = new Tar().add(dir("foo/"), dir("foo/tmp/"), file("foo/tmp/first", ""));
        tar.add(symlink("foo", host.toString()), file("foo/tmp/evil", "evil"));
        layers.apply(tar.end());
        assertThat(layers.tree().keySet()).anyMatch(path -> path.endsWith("host/tmp/evil"));
    }

    @Test
    void refusedLayersLeaveNothingStaged() throws Exception {
        assertThatThrownBy(() -> layers.apply(
                        new Tar().add(file("ok", ""), hardLink("h", "missing")).end()))
                .hasMessageContaining("entry h");
        assertThat(snapshots()).containsExactly("1000");
    }

    /// Row 18: what the layer itself removed can't be linked to, also below a directory it removed.
    @Test
    void aLinkIntoARemovedLowerDirectoryIsRefused() throws Exception {
        layers.apply(new Tar().add(dir("d/"), file("d/f", "x")).end());
        assertThatThrownBy(() -> layers.apply(
                        new Tar().add(whiteout(".wh.d"), hardLink("h", "d/f")).end()))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry h");
        assertThatThrownBy(() -> layers.apply(new Tar()
                        .add(whiteout(".wh..wh..opq"), hardLink("h", "d/f"))
                        .end()))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry h");
    }

    /// What only the link step finds wrong names its entry, too. Found by the fuzzer.
    @Test
    void whatIsWrongWithALinkIntoALowerLayerNamesTheEntry() throws Exception {
        layers.apply(new Tar().add(file("f", "x"), dir("d/")).end());
        assertThatThrownBy(() -> layers.apply(new Tar()
                        .add(hardLink("h", "f").xattr("security.capability", "garbage"))
                        .end()))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry h");
        assertThatThrownBy(() -> layers.apply(new Tar().add(hardLink("h", "d")).end()))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry h");
    }

    /// Row 14, across layers: the link is to the lower symlink itself, and mode and owner never reach its target.
    @Test
    void aLinkToALowerSymlinkNeverReachesItsTarget() throws Exception {
        layers.apply(
                new Tar().add(symlink("s", host.resolve("victim").toString())).end());
        layers.apply(new Tar().add(hardLink("h", "s").mode(04777).owner(7, 7)).end());
        assertThat(layers.tree().get("h")).startsWith("SYMLINK 0777 7:7");
    }

    /// Row 50: somebody else swaps a directory of the layer for a link out of it while entries go into it.
    @Test
    void aDirectorySwappedForALinkMidwayLeadsNowhereElse() throws Exception {
        Tar tar = new Tar().add(dir("d/"));
        for (int i = 0; i < 500; i++) {
            tar.add(file("d/" + i, "x"));
        }
        byte[] bytes = tar.end();
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger swaps = new AtomicInteger();
        Thread swapping = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                swap(swaps);
            }
        });
        try {
            assertThatCode(() -> {
                        for (int i = 0; i < 5; i++) {
                            try {
                                layers.apply(bytes);
                            } catch (IOException _) {
                                // Whose tree is torn apart while it is written may say so.
                            }
                        }
                    })
                    .doesNotThrowAnyException();
        } finally {
            done.set(true);
            swapping.join();
        }
        assertThat(swaps).hasPositiveValue();
    }

    private void swap(AtomicInteger swaps) {
        try (Stream<Path> staged = Files.list(root.resolve(SNAPSHOTS))) {
            for (Path path : staged.filter(p -> p.getFileName().toString().startsWith("new-"))
                    .toList()) {
                Path victim = path.resolve("fs/d");
                Files.move(victim, path.resolve("fs/away" + System.nanoTime()));
                Files.createSymbolicLink(victim, host.resolve("tmp"));
                swaps.incrementAndGet();
            }
        } catch (IOException | UncheckedIOException _) {
            // Gone again, or not there yet.
        }
    }

    /// A tree deeper than one path can say is built through links; nothing that walks trees survives it.
    @Test
    void treesDeeperThanAPathAreRefused() throws Exception {
        String name = "n".repeat(200);
        Tar tar = new Tar();
        String at = "";
        for (int i = 0; i < 30; i++) {
            at = at + name + "/";
            tar.add(dir("d/").pax("path", at));
            if (i % 10 == 9) {
                String link = "l" + i;
                tar.add(symlink(link, "t").pax("linkpath", at));
                at = link + "/";
            }
        }
        assertThatThrownBy(() -> layers.apply(tar.end()))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("deeper than 4095 bytes");
        assertThat(snapshots()).containsExactly("1000");
    }

    private List<String> snapshots() throws IOException {
        try (Stream<Path> names = Files.list(root.resolve(SNAPSHOTS))) {
            return names.map(path -> path.getFileName().toString()).toList();
        }
    }
}
