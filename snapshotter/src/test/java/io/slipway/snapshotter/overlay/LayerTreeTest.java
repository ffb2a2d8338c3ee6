package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.testing.InUserNamespace;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Layers on a real file system, seen through a real overlay mount.
@Tag("root")
class LayerTreeTest {
    private static final String T = " 1600000000.0";

    @TempDir
    Path root;

    private Layers layers;

    @BeforeEach
    void open() throws Exception {
        layers = layers(root);
    }

    /// On the driver that is tested.
    Layers layers(Path dir) throws Exception {
        return new Layers(dir);
    }

    @AfterEach
    void close() throws Exception {
        layers.close();
    }

    private static byte[] tar(Tar.Item... items) {
        return new Tar().add(items).end();
    }

    @Test
    void everyKindAndAttributeArrives() throws Exception {
        String capability = "\001\000\000\002\200\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000";
        layers.apply(tar(
                dir("d/").mode(02775).owner(5, 6).pax("mtime", "1500000000.000000007"),
                file("d/plain", "hello"),
                file("d/suid", "s").mode(04755).owner(7, 8),
                file("d/wide", "w").mode(0666),
                file("d/cap", "c")
                        .xattr("user.note", "n")
                        .pax("SCHILY.xattr.security.capability", capability.getBytes(StandardCharsets.ISO_8859_1)),
                symlink("d/link", "../nowhere").owner(9, 9),
                hardLink("other", "d/plain"),
                item('6', "d/pipe").mode(0620),
                file("bad\u00ffname\n", "x")));
        Map<String, String> tree = layers.tree();
        assertThat(tree)
                .containsEntry("d", "DIRECTORY 2775 5:6 1500000000.7")
                .containsEntry("d/plain", "FILE 0644 0:0" + T + " 5 \"hello\"")
                .containsEntry("d/suid", "FILE 4755 7:8" + T + " 1 \"s\"")
                .containsEntry("d/wide", "FILE 0666 0:0" + T + " 1 \"w\"")
                .containsEntry(
                        "d/cap", "FILE 0644 0:0" + T + " 1 \"c\" {security.capability=" + capability + ", user.note=n}")
                .containsEntry("d/link", "SYMLINK 0777 9:9" + T + " -> ../nowhere")
                .containsEntry("other", "FILE 0644 0:0" + T + " 5 \"hello\" same inode as d/plain")
                .containsEntry("d/pipe", "FIFO 0620 0:0" + T)
                .containsEntry("bad\u00ffname\n", "FILE 0644 0:0" + T + " 1 \"x\"");
        assertThat(tree).hasSize(9);
    }

    @Test
    @Tag(InUserNamespace.IMPOSSIBLE)
    void devicesArrive() throws Exception {
        layers.apply(tar(
                item('3', "null").device(1, 3).mode(0666),
                item('4', "disk").device(8, 17).mode(0640).owner(0, 6)));
        assertThat(layers.tree())
                .containsOnly(
                        Map.entry("null", "CHARACTER_DEVICE 0666 0:0" + T + " DeviceNumber[major=1, minor=3]"),
                        Map.entry("disk", "BLOCK_DEVICE 0640 0:6" + T + " DeviceNumber[major=8, minor=17]"));
    }

    @Test
    void whiteoutsAndOpaqueDirectoriesHideLowerNamesOnly() throws Exception {
        layers.apply(
                tar(dir("a/"), file("a/one", "1"), file("a/two", "2"), dir("b/"), file("b/x", "x"), file("c", "c")));
        layers.apply(tar(
                dir("a/"),
                whiteout("a/.wh.one"),
                whiteout(".wh.c"),
                dir("b/"),
                file("b/y", "y"),
                whiteout("b/.wh..wh..opq")));
        assertThat(layers.tree().keySet()).containsExactly("a", "a/two", "b", "b/y");
    }

    @Test
    void whiteoutsWithNothingBelowDoNotShow() throws Exception {
        layers.apply(tar(dir("a/"), whiteout("a/.wh.never"), whiteout(".wh.nor"), whiteout("new/.wh.x")));
        assertThat(layers.tree().keySet()).containsExactly("a", "new");
        layers.apply(tar(dir("a/"), whiteout("a/.wh..wh..opq"), whiteout("a/.wh.late")));
        assertThat(layers.tree().keySet()).containsExactly("a", "new");
    }

    @Test
    void aWhiteoutOfTheLayersOwnNameKeepsItAndHidesWhatLiesBelow() throws Exception {
        layers.apply(tar(dir("d/"), file("d/old", ""), file("f", "old")));
        layers.apply(tar(dir("d/"), file("d/new", ""), whiteout(".wh.d"), file("f", "new"), whiteout(".wh.f")));
        assertThat(layers.tree().keySet()).containsExactly("d", "d/new", "f");
        assertThat(layers.tree().get("f")).contains("\"new\"");
    }

    @Test
    void aDirectoryAfterItsWhiteoutOrAfterAFileStartsEmpty() throws Exception {
        layers.apply(tar(dir("d/"), file("d/old", ""), dir("e/"), file("e/old", ""), dir("i/"), file("i/old", "")));
        layers.apply(tar(
                whiteout(".wh.d"),
                dir("d/"),
                file("d/new", ""),
                file("e", "file"),
                dir("e/"),
                whiteout(".wh.i"),
                file("i/new", "")));
        assertThat(layers.tree().keySet()).containsExactly("d", "d/new", "e", "i", "i/new");
    }

    @Test
    void anOpaqueTopHidesEverythingBelow() throws Exception {
        layers.apply(tar(dir("a/"), file("a/x", ""), file("b", ""), dir("c/"), file("c/old", "")));
        layers.apply(tar(whiteout(".wh..wh..opq"), dir("c/"), file("c/new", "")));
        assertThat(layers.tree().keySet()).containsExactly("c", "c/new");
    }

    @Test
    void anImpliedDirectoryTakesTheNearestLowerOnesAttributes() throws Exception {
        layers.apply(tar(
                dir("tmp/").mode(01777).owner(3, 4).xattr("user.a", "1"),
                dir("tmp/deep/").mode(0700)));
        layers.apply(tar(file("tmp/deep/x", ""), file("fresh/y", "")));
        Map<String, String> tree = layers.tree("fresh");
        assertThat(tree)
                .containsEntry("tmp", "DIRECTORY 1777 3:4" + T + " {user.a=1}")
                .containsEntry("tmp/deep", "DIRECTORY 0700 0:0" + T)
                .containsEntry("fresh", "DIRECTORY 0755 0:0");
    }

    @Test
    void anImpliedDirectoryDoesNotInheritWhatTheLayerHides() throws Exception {
        layers.apply(tar(dir("a/"), dir("a/b/").mode(0700)));
        layers.apply(tar(dir("a/"), whiteout("a/.wh..wh..opq"), file("a/b/x", "")));
        assertThat(layers.tree("a/b")).containsEntry("a/b", "DIRECTORY 0755 0:0");
    }

    @Test
    void aHardLinkToALowerFileSharesItsInodeUnderAllItsNames() throws Exception {
        layers.apply(tar(
                dir("p/").mode(0711),
                file("p/f", "data").mode(04711).owner(2, 2),
                hardLink("second", "p/f").mode(04711).owner(2, 2)));
        layers.apply(tar(hardLink("q/new", "p/f").mode(04711).owner(2, 2)));
        Map<String, String> tree = layers.tree("q");
        assertThat(tree)
                .containsEntry("p", "DIRECTORY 0711 0:0" + T)
                .containsEntry("p/f", "FILE 4711 2:2" + T + " 4 \"data\"")
                .containsEntry("q/new", "FILE 4711 2:2" + T + " 4 \"data\" same inode as p/f")
                .containsEntry("second", "FILE 4711 2:2" + T + " 4 \"data\" same inode as p/f");
    }

    @Test
    void theLinkEntrysOwnAttributesSpeakForTheInode() throws Exception {
        layers.apply(tar(file("f", "data")));
        layers.apply(tar(hardLink("g", "f").mode(0600).owner(1, 1).mtime(1_650_000_000L)));
        assertThat(layers.tree())
                .containsEntry("f", "FILE 0600 1:1 1650000000.0 4 \"data\"")
                .containsEntry("g", "FILE 0600 1:1 1650000000.0 4 \"data\" same inode as f");
    }

    @Test
    void aHardLinkToALowerFileThatTheLayerLaterReplacesKeepsTheOldContent() throws Exception {
        layers.apply(tar(file("f", "old")));
        layers.apply(tar(hardLink("g", "f"), file("f", "new"), hardLink("h", "f")));
        assertThat(layers.tree())
                .containsEntry("g", "FILE 0644 0:0" + T + " 3 \"old\"")
                .containsEntry("f", "FILE 0644 0:0" + T + " 3 \"new\"")
                .containsEntry("h", "FILE 0644 0:0" + T + " 3 \"new\" same inode as f");
    }

    @Test
    void aHardLinkToALaterEntryIsMadeAtTheEnd() throws Exception {
        layers.apply(tar(dir("d/"), hardLink("d/link", "f"), hardLink("again", "d/link"), file("f", "later")));
        assertThat(layers.tree())
                .containsEntry("d", "DIRECTORY 0755 0:0" + T)
                .containsEntry("again", "FILE 0644 0:0" + T + " 5 \"later\"")
                .containsEntry("d/link", "FILE 0644 0:0" + T + " 5 \"later\" same inode as again")
                .containsEntry("f", "FILE 0644 0:0" + T + " 5 \"later\" same inode as again");
    }

    @Test
    void aHardLinkToNothingOrToWhatTheLayerRemovedIsRefused() throws Exception {
        layers.apply(tar(file("f", "")));
        assertThatThrownBy(() -> layers.apply(tar(hardLink("g", "missing"))))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry g");
        assertThatThrownBy(() -> layers.apply(tar(whiteout(".wh.f"), hardLink("g", "f"))))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry g");
    }

    @Test
    void duplicatesMergeDirectoriesAndReplaceTheRest() throws Exception {
        layers.apply(tar(
                dir("d/").mode(0700).xattr("user.keep", "k"),
                file("d/x", "1"),
                file("f", "first").mode(0600),
                file("f", "second"),
                dir("d/").mode(0711),
                symlink("l", "f"),
                file("l", "file"),
                dir("t/"),
                file("t/gone", ""),
                symlink("t", "d")));
        assertThat(layers.tree())
                .containsEntry("d", "DIRECTORY 0711 0:0" + T + " {user.keep=k}")
                .containsEntry("d/x", "FILE 0644 0:0" + T + " 1 \"1\"")
                .containsEntry("f", "FILE 0644 0:0" + T + " 6 \"second\"")
                .containsEntry("l", "FILE 0644 0:0" + T + " 4 \"file\"")
                .containsEntry("t", "SYMLINK 0777 0:0" + T + " -> d")
                .hasSize(5);
    }

    @Test
    void symlinkedParentsOfTheSameLayerAreFollowedInsideTheRoot() throws Exception {
        layers.apply(tar(
                symlink("lib", "usr/lib"),
                file("lib/x", "x"),
                symlink("abs", "/usr/share"),
                file("abs/y", "y"),
                symlink("up", "../../up-there"),
                file("up/z", "z")));
        assertThat(layers.tree().keySet())
                .containsExactly(
                        "abs",
                        "lib",
                        "up",
                        "up-there",
                        "up-there/z",
                        "usr",
                        "usr/lib",
                        "usr/lib/x",
                        "usr/share",
                        "usr/share/y");
    }

    /// Overlayfs can't follow it; drivers of plain trees do, as containerd's.
    boolean followsLowerLinks() {
        return false;
    }

    @Test
    void aLowerSymlinkInThePathIsFollowedWhereTheDriverCan() throws Exception {
        layers.apply(tar(dir("usr/"), dir("usr/lib/").mode(0711), symlink("lib", "usr/lib"), file("usr/lib/old", "")));
        layers.apply(tar(file("lib/x", ""), whiteout("lib/.wh.old"), file("lib/sub/y", "")));
        Map<String, String> tree = layers.tree("lib", "lib/sub", "usr/lib/sub");
        if (followsLowerLinks()) {
            assertThat(tree)
                    .containsEntry("usr/lib", "DIRECTORY 0711 0:0" + T)
                    .containsEntry("usr/lib/sub", "DIRECTORY 0755 0:0")
                    .hasSize(6)
                    .containsKeys("lib", "usr", "usr/lib/x", "usr/lib/sub/y");
        } else {
            assertThat(tree)
                    .containsEntry("lib", "DIRECTORY 0755 0:0")
                    .containsKeys("lib/x", "lib/sub/y", "usr/lib/old")
                    .doesNotContainKey("usr/lib/x");
        }
    }

    @Test
    void aHardLinkToALinkThatIsReplacedLaterKeepsTheLowerFile() throws Exception {
        layers.apply(tar(file("old", "old")));
        layers.apply(tar(hardLink("a", "old"), hardLink("b", "a"), file("a", "new")));
        assertThat(layers.tree())
                .containsEntry("a", "FILE 0644 0:0" + T + " 3 \"new\"")
                .containsEntry("b", "FILE 0644 0:0" + T + " 3 \"old\"")
                .containsEntry("old", "FILE 0644 0:0" + T + " 3 \"old\" same inode as b");
    }

    @Test
    void aHardLinkThroughALowerSymlinkThatLeadsInCirclesNamesItsEntry() throws Exception {
        layers.apply(tar(symlink("loop", "loop")));
        assertThatThrownBy(() -> layers.apply(tar(hardLink("g", "loop/f"))))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry g");
    }

    @Test
    void hardLinksToTwoNamesOfALowerFileShareItAlsoWhenTheLayerReplacesBothNames() throws Exception {
        layers.apply(tar(file("a", "old"), hardLink("b", "a")));
        layers.apply(tar(hardLink("c", "a"), hardLink("d", "b"), file("a", "new"), whiteout(".wh.b")));
        assertThat(layers.tree())
                .containsOnlyKeys("a", "c", "d")
                .containsEntry("d", "FILE 0644 0:0" + T + " 3 \"old\" same inode as c");
    }

    @Test
    void aPathThroughAHardLinkIsRefusedAlsoBeforeItsTargetIsThere() {
        assertThatThrownBy(() -> layers.apply(tar(hardLink("a", "f"), file("a/x", ""), file("f", ""))))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry a/x");
    }

    @Test
    void aHardLinkThroughTheLayersOwnSymlinkFindsALowerFile() throws Exception {
        layers.apply(tar(dir("d/"), file("d/f", "x")));
        layers.apply(tar(symlink("s", "d"), hardLink("g", "s/f")));
        assertThat(layers.tree()).containsEntry("g", "FILE 0644 0:0" + T + " 1 \"x\" same inode as d/f");
    }

    @Test
    void aDirectoryNamedThroughALinkThatIsReplacedLaterKeepsItsTime() throws Exception {
        layers.apply(tar(
                dir("d/"),
                symlink("s", "d"),
                dir("s/sub/").mtime(1_000_000_000L),
                dir("e/"),
                dir("e/sub/"),
                symlink("s", "e")));
        assertThat(layers.tree())
                .containsEntry("d/sub", "DIRECTORY 0755 0:0 1000000000.0")
                .containsEntry("e/sub", "DIRECTORY 0755 0:0" + T);
    }

    @Test
    void directoryTimesSurviveWhatComesIntoThemLater() throws Exception {
        layers.apply(tar(dir("d/").mtime(1_000_000_000L), file("d/x", ""), file("late", ""), file("d/y", "")));
        assertThat(layers.tree()).containsEntry("d", "DIRECTORY 0755 0:0 1000000000.0");
    }

    @Test
    void sparseFilesKeepTheirHoles() throws Exception {
        layers.apply(new Tar()
                .add(file("s", "abc")
                        .pax("GNU.sparse.size", "1073741824")
                        .pax("GNU.sparse.numblocks", "1")
                        .pax("GNU.sparse.map", "1000000,3"))
                .end());
        assertThat(layers.top().resolve("s").toFile().length()).isEqualTo(1L << 30);
        assertThat(layers.driver().usage(1, List.of()).sizeBytes()).isLessThan(1 << 20);
    }

    @Test
    void attributesThatSteerTheOverlayAreLeftOut() throws Exception {
        layers.apply(tar(dir("d/"), file("d/x", "")));
        layers.apply(tar(dir("d/")
                .xattr("trusted.overlay.opaque", "y")
                .xattr("trusted.overlay.redirect", "/elsewhere")
                .xattr("user.overlay.opaque", "y")
                .xattr("user.fine", "1")));
        assertThat(layers.tree()).containsKey("d/x").containsEntry("d", "DIRECTORY 0755 0:0" + T + " {user.fine=1}");
        assertThat(Trees.of(layers.top()).get("d")).doesNotContain("overlay");
    }

    @Test
    void lowerHardLinksSurviveAnUntouchedLayer() throws Exception {
        layers.apply(tar(file("a", "x"), hardLink("b", "a")));
        layers.apply(tar(file("c", "")));
        assertThat(layers.tree().get("b")).endsWith("same inode as a");
    }
}
