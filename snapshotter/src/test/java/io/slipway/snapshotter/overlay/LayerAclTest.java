package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Access control lists of layers, and what default ones of directories do not do to what comes into them.
@Tag("root")
class LayerAclTest {
    private static final String DEFAULT = "SCHILY.xattr.system.posix_acl_default";
    private static final String ACCESS = "SCHILY.xattr.system.posix_acl_access";
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

    /// posix_acl_xattr.h: version 2, then tag, permissions and id of each; user 1000 may do everything.
    private static byte[] acl() {
        ByteBuffer acl =
                ByteBuffer.allocate(4 + 5 * 8).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
        int[][] entries = {{1, 7, -1}, {2, 7, 1000}, {4, 5, -1}, {16, 7, -1}, {32, 0, -1}};
        for (int[] entry : entries) {
            acl.putShort((short) entry[0]).putShort((short) entry[1]).putInt(entry[2]);
        }
        return acl.array();
    }

    @Test
    void aDefaultAclIsKeptAndChildrenHaveWhatTheirOwnEntriesSay() throws Exception {
        layers.apply(tar(
                dir("d/").mode(0750).pax(DEFAULT, acl()),
                file("d/file", "x").mode(0644),
                file("d/closed", "x").mode(0600),
                dir("d/sub/").mode(0755),
                item('6', "d/pipe").mode(0622),
                item('3', "d/null").device(1, 3).mode(0666),
                file("d/implied/deep", "x").mode(0444)));
        Map<String, String> tree = layers.tree("d/implied");
        String t = " 1600000000.0";
        assertThat(tree.get("d")).startsWith("DIRECTORY 0750 0:0" + t).contains("system.posix_acl_default");
        assertThat(tree)
                .containsEntry("d/file", "FILE 0644 0:0" + t + " 1 \"x\"")
                .containsEntry("d/closed", "FILE 0600 0:0" + t + " 1 \"x\"")
                .containsEntry("d/sub", "DIRECTORY 0755 0:0" + t)
                .containsEntry("d/pipe", "FIFO 0622 0:0" + t)
                .containsEntry("d/null", "CHARACTER_DEVICE 0666 0:0" + t + " DeviceNumber[major=1, minor=3]")
                .containsEntry("d/implied", "DIRECTORY 0755 0:0")
                .containsEntry("d/implied/deep", "FILE 0444 0:0" + t + " 1 \"x\"");
    }

    @Test
    void aDefaultAclThatIsNoneNamesItsEntryAndOneOfAReplacedDirectoryIsForgotten() throws Exception {
        byte[] garbage = acl();
        garbage[4] = 0x55;
        byte[] refused = tar(dir("d/").pax(DEFAULT, garbage));
        assertThatThrownBy(() -> layers.apply(refused))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("entry d/");
        layers.apply(tar(dir("d/").pax(DEFAULT, acl()), symlink("d", "e"), dir("e/"), file("e/f", "")));
        assertThat(layers.tree().values()).noneMatch(line -> line.contains("acl"));
    }

    @Test
    void aDefaultAclOfALowerDirectoryReachesNothingOfALaterLayer() throws Exception {
        layers.apply(tar(dir("d/").mode(0750).pax(DEFAULT, acl()), file("d/old", ""), file("lower", "l")));
        layers.apply(tar(
                file("d/file", "x").mode(0644),
                dir("d/sub/").mode(0711),
                item('6', "d/pipe").mode(0622),
                file("d/implied/deep", "x").mode(0444),
                hardLink("d/linked", "lower").mode(0604),
                file("d/old", "new").mode(0640)));
        Map<String, String> tree = layers.tree("d/implied");
        assertThat(tree.get("d")).startsWith("DIRECTORY 0750 0:0" + T).contains("system.posix_acl_default");
        assertThat(tree)
                .containsEntry("d/file", "FILE 0644 0:0" + T + " 1 \"x\"")
                .containsEntry("d/sub", "DIRECTORY 0711 0:0" + T)
                .containsEntry("d/pipe", "FIFO 0622 0:0" + T)
                .containsEntry("d/implied", "DIRECTORY 0755 0:0")
                .containsEntry("d/implied/deep", "FILE 0444 0:0" + T + " 1 \"x\"")
                .containsEntry("d/linked", "FILE 0604 0:0" + T + " 1 \"l\"")
                .containsEntry("d/old", "FILE 0640 0:0" + T + " 3 \"new\"");
    }

    @Test
    void aDefaultAclThatALaterLayerSetsOrOmitsIsTheDirectorysAndLeavesItsChildrenAlone() throws Exception {
        layers.apply(tar(dir("d/").pax(DEFAULT, acl()), dir("e/"), file("e/old", "o"), dir("e/sub/")));
        layers.apply(tar(dir("d/"), dir("e/").mode(0750).pax(DEFAULT, acl()), hardLink("e/linked", "e/old")));
        Map<String, String> tree = layers.tree();
        assertThat(tree).containsEntry("d", "DIRECTORY 0755 0:0" + T).containsEntry("e/sub", "DIRECTORY 0755 0:0" + T);
        assertThat(tree.get("e")).startsWith("DIRECTORY 0750 0:0" + T).contains("system.posix_acl_default");
        assertThat(tree).containsEntry("e/old", "FILE 0644 0:0" + T + " 1 \"o\" same inode as e/linked");
    }

    @Test
    void anAccessAclIsKeptThroughLayersThatDoNotTouchItAndGoesWithWhatReplacesIt() throws Exception {
        layers.apply(tar(
                file("kept", "").mode(0770).pax(ACCESS, acl()),
                file("gone", "").mode(0770).pax(ACCESS, acl()),
                dir("d/").mode(0770).pax(ACCESS, acl())));
        layers.apply(tar(file("gone", "").mode(0770), file("d/x", "")));
        Map<String, String> tree = layers.tree();
        assertThat(tree.get("kept")).startsWith("FILE 0770").contains("system.posix_acl_access");
        assertThat(tree.get("d")).startsWith("DIRECTORY 0770").contains("system.posix_acl_access");
        assertThat(tree)
                .containsEntry("gone", "FILE 0770 0:0" + T + " 0 ")
                .containsEntry("d/x", "FILE 0644 0:0" + T + " 0 ");
    }

    /// On plain trees the link is followed, on overlayfs a directory hides it.
    @Test
    void aDirectoryThatIsMadeWhereALowerLinkLeadsHasNoAcl() throws Exception {
        layers.apply(tar(dir("d/").pax(DEFAULT, acl()), symlink("link", "d/made")));
        layers.apply(tar(file("link/f", "x")));
        Map<String, String> tree = layers.tree();
        String made = tree.getOrDefault("link", "").startsWith("SYMLINK") ? "d/made" : "link";
        assertThat(tree.get(made)).startsWith("DIRECTORY 0755 0:0").doesNotContain("acl");
        assertThat(tree).containsEntry(made + "/f", "FILE 0644 0:0" + T + " 1 \"x\"");
    }
}
