package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
/// files outside are untouched.
@Tag("root")
@Timeout(60)
class HostileLayerTest {
    @TempDir
    Path root;

    private Layers layers;
    private Path host;
    private Map<String, String> before = Map.of();

    @BeforeEach
    void open() throws Exception {
        layers = new Layers(Files.createDirectories(root.resolve("store")));
        host = Files.createDirectories(root.resolve("host"));
        Files.writeString(host.resolve("victim"), "safe");
        Files.createDirectories(host.resolve("tmp"));
        before = Trees.of(host);
    }

    @AfterEach
    void hostIsUntouched() throws Exception {
        layers.close();
        assertThat(Trees.of(host)).isEqualTo(before);
    }

    /// A layer, and `refused` with part of the message, or what the tree must show.
    record Row(String name, Tar tar, String refused, List<String> shows) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row contained(String name, Tar.Item[] items, String... shows) {
        return new Row(name, new Tar().add(items), "", List.of(shows));
    }

    private static Row refused(String name, String message, Tar.Item... items) {
        return new Row(name, new Tar().add(items), message, List.of());
    }

    private static Tar.Item[] of(Tar.Item... items) {
        return items;
    }

    static Stream<Row> rows() {
        String deep = "x/".repeat(2000);
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
                refused("32 garbage as a capability", "entry c", file("c", "").xattr("security.capability", "garbage")),
                refused("41 name of 256 bytes", "more than 255", file("f", "").pax("path", "n".repeat(256))),
                contained("41 name of 255 bytes", of(file("f", "").pax("path", "n".repeat(255))), "n".repeat(255)),
                refused("41 path of 5000 bytes", "more than 4095", file("f", "").pax("path", "x/".repeat(2500) + "y")),
                refused("42 owner -1", "uid -1", file("f", "").pax("uid", "-1")),
                refused("42 owner 2^32-1", "uid 4294967295", file("f", "").pax("uid", "4294967295")),
                new Row("43 depth of 2000", new Tar().add(file("f", "").pax("path", deep + "y")), "", List.of()));
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
        if (!row.refused().isEmpty()) {
            assertThatThrownBy(() -> layers.apply(row.tar().end())).hasMessageContaining(row.refused());
            return;
        }
        layers.apply(row.tar().end());
        if (!row.shows().isEmpty()) {
            assertThat(layers.tree().keySet()).containsExactlyInAnyOrderElementsOf(row.shows());
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
        assertThat(root.resolve("store/snapshotters/overlayfs/snapshots")).isEmptyDirectory();
    }
}
