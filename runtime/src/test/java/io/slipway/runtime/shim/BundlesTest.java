package io.slipway.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BundlesTest {
    private static final byte[] RECORD = {1};
    private static final byte[] SPEC = "{ \"ociVersion\" :\"1.0.2\"}".getBytes(StandardCharsets.UTF_8);
    private static final Path SHIM = Path.of("/usr/bin/containerd-shim-runc-v2");

    @TempDir
    Path directory;

    private Path root;
    private Path state;
    private Bundles bundles;

    @BeforeEach
    void open() {
        root = directory.resolve("root");
        state = directory.resolve("state");
        bundles = new Bundles(root, state, Mounts.system());
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aBundleHoldsWhatAShimExpects() throws Exception {
        Bundle bundle = bundles.create("default", "c1", SPEC, RECORD, SHIM);
        Path path = state.resolve("io.containerd.runtime.v2.task/default/c1");
        assertThat(bundle.path()).isEqualTo(path);
        assertThat(mode(path)).isEqualTo("rwx------");
        assertThat(mode(state.resolve("io.containerd.runtime.v2.task/default"))).isEqualTo("rwx--x--x");
        assertThat(mode(state.resolve("io.containerd.runtime.v2.task"))).isEqualTo("rwx--x--x");
        assertThat(bundle.config()).hasBinaryContent(SPEC);
        assertThat(mode(bundle.rootfs())).isEqualTo("rwx--x--x");
        assertThat(bundle.rootfs()).isEmptyDirectory();
        assertThat(Files.readSymbolicLink(path.resolve("work")))
                .isEqualTo(root.resolve("io.containerd.runtime.v2.task/default/c1"));
        assertThat(mode(path.resolve("shim-binary-path"))).isEqualTo("rw-------");
        assertThat(bundle.shimBinary()).contains(SHIM);
        assertThat(mode(bundle.log())).isEqualTo("rwx------");
        assertThat(Files.readAttributes(bundle.log(), java.nio.file.attribute.BasicFileAttributes.class)
                        .isOther())
                .isTrue();
        assertThat(bundle.address()).isEmpty();
    }

    @Test
    void anExistingBundleIsLeftAlone() throws Exception {
        bundles.create("default", "c1", SPEC, RECORD, SHIM);
        assertThatThrownBy(() -> bundles.create("default", "c1", new byte[0], RECORD, SHIM))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS));
        assertThat(bundles.at("default", "c1").config()).hasBinaryContent(SPEC);
    }

    @Test
    void aWorkDirectoryOfAnEarlierTaskIsWipedFirst() throws Exception {
        Path old = root.resolve("io.containerd.runtime.v2.task/default/c1");
        Files.createDirectories(old);
        Files.writeString(old.resolve("left"), "x");
        bundles.create("default", "c1", SPEC, RECORD, SHIM);
        assertThat(old).isEmptyDirectory();
    }

    @Test
    @Tag("root")
    void onlyARootThatShimsCannotMountIsMountedHere() throws Exception {
        Bundle bundle = bundles.create("default", "c1", SPEC, RECORD, SHIM);
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Files.createFile(tree.resolve("f"));
        assertThat(bundles.mount(bundle, List.of(new Mount("bind", tree.toString(), "", List.of("rbind", "rw")))))
                .isFalse();
        assertThat(bundle.rootfs()).isEmptyDirectory();
        List<String> mapped = List.of("uidmap=0:100000:10", "gidmap=0:200000:10", "rbind", "rw");
        assertThat(bundles.mount(bundle, List.of(new Mount("bind", tree.toString(), "", mapped))))
                .isTrue();
        assertThat(Files.getAttribute(bundle.rootfs().resolve("f"), "unix:uid")).isEqualTo(100_000);
        bundles.remove(bundle);
        assertThat(Mounts.system().mountPointsUnder(directory)).isEmpty();
        assertThat(tree.resolve("f")).exists();
    }

    @Test
    void removingLeavesNothingAndCanBeRepeated() throws Exception {
        Bundle bundle = bundles.create("default", "c1", SPEC, RECORD, SHIM);
        Files.writeString(bundle.path().resolve("init.pid"), "42");
        bundles.remove(bundle);
        bundles.remove(bundle);
        assertThat(bundle.path()).doesNotExist();
        assertThat(bundle.work()).doesNotExist();
        assertThat(bundles.existing()).isEmpty();
        assertThat(bundle.path().getParent()).isEmptyDirectory();
    }

    @Test
    void aRootFileSystemThatIsNotEmptyIsNeverDeleted() throws Exception {
        Bundle bundle = bundles.create("default", "c1", SPEC, RECORD, SHIM);
        Path precious = Files.writeString(bundle.rootfs().resolve("precious"), "x");
        assertThatThrownBy(() -> bundles.remove(bundle)).isInstanceOf(DirectoryNotEmptyException.class);
        assertThat(precious).exists();
    }

    @Test
    void theSweepDeletesHalfRemovedBundlesAndWorkWithoutABundle() throws Exception {
        Bundle kept = bundles.create("default", "kept", SPEC, RECORD, SHIM);
        Path hidden = Files.createDirectories(kept.path().resolveSibling(".gone"));
        Files.writeString(hidden.resolve("config.json"), "{}");
        Path orphan = Files.createDirectories(kept.work().resolveSibling("orphan"));
        assertThat(bundles.existing()).containsExactly(kept);
        bundles.sweep();
        assertThat(hidden).doesNotExist();
        assertThat(orphan).doesNotExist();
        assertThat(kept.work()).isDirectory();
        assertThat(kept.path()).isDirectory();
    }

    @Test
    void theAddressIsReadFromOurNoteOrElseFromTheShims() throws Exception {
        Bundle bundle = bundles.create("default", "c1", SPEC, RECORD, SHIM);
        Files.writeString(bundle.path().resolve("address"), "unix:///run/containerd/s/old");
        assertThat(bundle.address().orElseThrow().socket()).isEqualTo(Path.of("/run/containerd/s/old"));
        bundle.noteAddress(new ShimAddress(3, "unix:///run/containerd/s/new", "ttrpc"));
        assertThat(bundle.address()).contains(new ShimAddress(3, "unix:///run/containerd/s/new", "ttrpc"));
    }
}
