package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What of a layer can't be inside a user namespace, where [UserNamespaceLayersTest] runs this.
class LayersInUserNamespace {
    @TempDir
    Path root;

    private Layers layers;

    @BeforeEach
    void open() throws Exception {
        layers = new Layers(root);
    }

    @AfterEach
    void close() throws Exception {
        layers.close();
    }

    @Test
    void layersMadeOutsideAreNotReadInside() throws Exception {
        layers.apply(tar(file("f", "")));
        Path mark = root.resolve("snapshotters/overlayfs/userxattr");
        assertThat(mark).exists();
        Files.delete(mark);
        assertThatThrownBy(() -> OverlayDriver.open(root, () -> 1, false, false))
                .hasMessageContaining("outside of a user namespace");
    }

    private static byte[] tar(Tar.Item... items) {
        return new Tar().add(items).end();
    }

    @Test
    void devicesAreLeftOutAndHideWhatTheyReplace() throws Exception {
        layers.apply(tar(file("null", "lower"), dir("d/"), file("d/disk", "lower"), file("d/kept", "")));
        layers.apply(tar(
                item('3', "null").device(1, 3).mode(0666),
                item('4', "d/disk").device(8, 0),
                item('3', "new/zero").device(1, 5),
                file("again", ""),
                item('3', "again").device(1, 7)));
        assertThat(layers.tree().keySet()).containsExactly("d", "d/kept", "new");
    }

    @Test
    void anOwnerThatIsNotMappedNamesTheEntry() {
        for (Tar.Item item : new Tar.Item[] {
            file("f", "").owner(70_000, 0),
            dir("f/").owner(0, 70_000),
            item('6', "f").owner(65_536, 1)
        }) {
            assertThatThrownBy(() -> layers.apply(tar(item)))
                    .isInstanceOf(LayerFormatException.class)
                    .hasMessageContaining("entry f")
                    .hasMessageContaining("is none that this process can name (/proc/self/uid_map");
        }
    }

    @Test
    void labelsOfSecurityModulesAreLeftOutAndCapabilitiesKept() throws Exception {
        layers.apply(tar(file("f", "").xattr("security.note", "n").xattr("user.a", "1")));
        assertThat(layers.tree().get("f")).endsWith("{user.a=1}");
    }

    @Test
    void whatSteersTheOverlayIsTheUsers() throws Exception {
        layers.apply(tar(dir("d/"), file("d/old", "")));
        layers.apply(tar(dir("d/"), whiteout("d/.wh..wh..opq"), file("d/new", ""), whiteout(".wh.gone")));
        assertThat(Trees.of(layers.top()).get("d")).endsWith("{user.overlay.opaque=y}");
        assertThat(layers.tree().keySet()).containsExactly("d", "d/new");
    }
}
