package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("root")
class SystemMountsTest extends MountsContract {
    @Override
    Mounts mounts() {
        return Mounts.system();
    }

    @Test
    void aReadOnlyBindIsReadOnlyWithAllItsFlags() throws IOException {
        mounts.mount(
                List.of(new Mount("bind", source.toString(), "", List.of("rbind", "ro", "nosuid", "nodev"))), target);
        assertThatThrownBy(() -> Files.createFile(target.resolve("f"))).isInstanceOf(FileSystemException.class);
        Files.createFile(source.resolve("f"));
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")).lines())
                .filteredOn(line -> line.contains(" " + target + " "))
                .singleElement()
                .asString()
                .contains(" ro,nosuid,nodev");
    }

    @Test
    void mountsATmpfsWithItsOwnOptions() throws IOException {
        mounts.mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of("nosuid", "mode=0711", "size=1m"))), target);
        assertThat(Os.fileSystem(target).type()).isEqualTo("tmpfs");
        assertThat(Os.fileSystem(target).totalBytes()).isEqualTo(1 << 20);
    }

    @Test
    void mountsAnOverlay() throws IOException {
        mounts.mount(List.of(overlay(layers(3), true)), target);
        assertOverlay(3);
        Files.writeString(target.resolve("new"), "x");
        assertThat(temp.resolve("upper/new")).hasContent("x");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mountsAnOverlayOfMoreLayersThanAPageHolds(boolean layerByLayer) throws IOException {
        Mount mount = overlay(layers(300), true);
        assertThat(MountOptions.of(mount).joined().length()).isGreaterThan(2 * SystemMounts.DATA_MAX);
        LongMount.mount(mount, MountOptions.of(mount), target.toString(), layerByLayer);
        assertOverlay(300);
        Files.writeString(target.resolve("new"), "x");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mountsAsManyLayersAsOverlayfsTakesAndSaysWhenThereAreMore(boolean layerByLayer) throws IOException {
        List<String> layers = layers(501);
        Mount more = overlay(layers, true);
        assertThatThrownBy(() -> LongMount.mount(more, MountOptions.of(more), target.toString(), layerByLayer))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining("501 layers, overlayfs takes 500");
        Mount most = overlay(layers.subList(0, 500), true);
        LongMount.mount(most, MountOptions.of(most), target.toString(), layerByLayer);
        assertOverlay(500);
    }

    @Test
    void layersWithNamesTooLongForOneOptionAreNamedFromTheirDirectory() throws IOException {
        mounts.mount(List.of(overlay(layers(temp.resolve("d".repeat(250)), 70), true)), target);
        assertOverlay(70);
        Files.writeString(target.resolve("new"), "x");
        assertThat(temp.resolve("upper/new")).hasContent("x");
    }

    @Test
    void choosesTheWayForManyLayersByItself() throws IOException {
        mounts.mount(List.of(overlay(layers(200), false)), target);
        assertOverlay(200);
        assertThat(Path.of("").toRealPath())
                .isEqualTo(Path.of(System.getProperty("user.dir")).toRealPath());
    }

    @Test
    void takesColonsInLayers() throws IOException {
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Path layer = Files.createDirectories(temp.resolve("c:o" + i));
            Files.createFile(layer.resolve("f" + i));
            layers.add(layer.toString().replace(":", "\\:"));
        }
        Mount mount = overlay(layers, false);
        for (boolean layerByLayer : new boolean[] {true, false}) {
            LongMount.mount(mount, MountOptions.of(mount), target.toString(), layerByLayer);
            assertOverlay(2);
            mounts.unmount(target);
        }
    }

    @Test
    void tellsTheFileSystemsOwnReason() throws IOException {
        List<String> layers = layers(200);
        layers.add(temp.resolve("absent").toString());
        assertThatThrownBy(() -> mounts.mount(List.of(overlay(layers, false)), target))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining(target.toString());
    }

    @Test
    void unmountsWhatIsBusy() throws IOException {
        mounts.mount(List.of(MountsContract.bind(source, "")), target);
        try (Dir held = Dir.openRoot(target.resolve("inner"))) {
            mounts.unmount(target);
            assertThat(held.list()).hasSize(2);
        }
        assertThat(mounts.mountPointsUnder(target)).isEmpty();
    }

    @Test
    void unmountsPointsWhoseNamesAreNoText() throws Exception {
        try (Poller poller = Poller.start("test-mounts")) {
            ChildResult mounted = new Spawner(poller, ChildLimits.UNCHANGED)
                    .run(ChildSpec.of(List.of(
                                    "/bin/sh",
                                    "-c",
                                    "d=$(printf 'a\\377b') && mkdir \"$d\" && mount --bind source \"$d\""))
                            .environment(java.util.Map.of("PATH", "/usr/bin:/bin"))
                            .directory(temp));
            assertThat(mounted.outputText()).isEmpty();
        }
        assertThat(MountTable.under(MountTable.read(), temp)).hasSize(1);
        mounts.unmountTree(temp);
        assertThat(MountTable.under(MountTable.read(), temp)).isEmpty();
        try (Dir dir = Dir.openRoot(temp)) {
            dir.rmdir(Bytes.b("a\u00ffb"));
        }
    }

    @Test
    void neverUnmountsThroughALink() throws IOException {
        mounts.mount(List.of(MountsContract.bind(source, "")), target);
        Path link = Files.createSymbolicLink(temp.resolve("link"), target);
        mounts.unmount(link);
        assertThat(mounts.mountPointsUnder(target)).hasSize(1);
    }

    @Test
    void removingATreeStopsAtAMount() throws IOException {
        Files.createFile(source.resolve("precious"));
        Path inner = Files.createDirectories(target.resolve("a/b"));
        mounts.mount(List.of(MountsContract.bind(source, "")), inner);
        try (Dir dir = Dir.openRoot(temp)) {
            DirTest.assertFails(Errno.EBUSY, () -> dir.removeTree(Bytes.b("target")));
        }
        assertThat(source.resolve("precious")).exists();
    }

    private void assertOverlay(int layers) throws IOException {
        try (var names = Files.list(target)) {
            assertThat(names.filter(p -> p.getFileName().toString().startsWith("f")))
                    .hasSize(layers);
        }
    }

    private List<String> layers(int count) throws IOException {
        return layers(temp.resolve("layers-with-a-long-name"), count);
    }

    private static List<String> layers(Path below, int count) throws IOException {
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path layer = Files.createDirectories(below.resolve(i + "/fs"));
            Files.createFile(layer.resolve("f" + i));
            layers.add(layer.toString());
        }
        return layers;
    }

    private Mount overlay(List<String> layers, boolean writable) throws IOException {
        List<String> options = new ArrayList<>();
        if (writable) {
            options.add("workdir=" + Files.createDirectories(temp.resolve("work")));
            options.add("upperdir=" + Files.createDirectories(temp.resolve("upper")));
        }
        options.add("lowerdir=" + String.join(":", layers));
        options.add("index=off");
        return new Mount("overlay", "overlay", "", options);
    }
}
