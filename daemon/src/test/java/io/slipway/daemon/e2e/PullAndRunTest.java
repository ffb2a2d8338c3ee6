package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabImage.Compression;
import io.slipway.daemon.lab.LabImage.Format;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import io.slipway.daemon.lab.TreeDump;
import io.slipway.daemon.lab.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A real image goes from a real registry into the store, is unpacked, and runs; the tree is the one that containerd
/// makes, attribute for attribute.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PullAndRunTest {
    private Leaks before;
    private Path work;
    private LabRegistry registry;
    private PackagedDaemon daemon;
    private LabContainerd containerd;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        before = Leaks.now();
        work = temporary;
        registry = LabRegistry.start(work);
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
        containerd = LabContainerd.start(work, Files.createDirectory(work.resolve("no-certs")));
    }

    @AfterAll
    void stop() throws Exception {
        containerd.close();
        assertThat(daemon.process().stop()).as("exit code on SIGTERM").isZero();
        registry.close();
        before.assertNothingNew();
    }

    @ParameterizedTest
    @CsvSource({"OCI,GZIP,false", "OCI,ZSTD,false", "DOCKER,GZIP,true", "DOCKER,ZSTD,true", "OCI,GZIP,true"})
    void everyVariantIsPulledAndPrintsFromInside(Format format, Compression compression, boolean lowerLink)
            throws Exception {
        LabImage image = LabImage.build(work.resolve("images-run"), format, compression, lowerLink);
        String reference = registry.push(image, "lab/run");
        daemon.checkSlipway("pull", reference);
        assertThat(daemon.checkSlipway("images")).contains(reference);
        assertThat(daemon.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
        assertThat(daemon.checkSlipway("run", "--rm", reference, "/bin/sh", "-c", "pwd; echo $LAB"))
                .isEqualTo("/srv\nyes\n");
        assertThat(daemon.slipway("run", "--rm", reference, "/bin/sh", "-c", "exit 42")
                        .exit())
                .isEqualTo(42);
        assertThat(daemon.checkSlipway("ps", "-a")).doesNotContain(reference);
    }

    @Test
    void theTreeEqualsThatOfContainerdsOverlayfs() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-tree"), Format.OCI, Compression.GZIP, false);
        String reference = registry.push(image, "lab/tree");
        daemon.checkSlipway("pull", reference);
        containerd.checkCtr("images", "pull", "--plain-http", reference);
        assertSameTree(
                "containerd overlayfs",
                Trees.ofSnapshot(work, containerd.socket(), "overlayfs", image.diffIds()),
                Trees.ofSnapshot(work, daemon.socket(), "overlayfs", image.diffIds()));
    }

    /// Debian containerd's overlayfs refuses a hard link to a name of a lower layer; its native snapshotter, which
    /// applies onto a copy of the parent, is the reference for that image.
    @Test
    void theTreeWithALinkIntoALowerLayerEqualsThatOfContainerdsNativeSnapshotter() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-link"), Format.OCI, Compression.ZSTD, true);
        String reference = registry.push(image, "lab/link");
        daemon.checkSlipway("pull", reference);
        containerd.checkCtr("images", "pull", "--plain-http", "--snapshotter", "native", reference);
        assertSameTree(
                "containerd native",
                Trees.ofSnapshot(work, containerd.socket(), "native", image.diffIds()),
                Trees.ofSnapshot(work, daemon.socket(), "overlayfs", image.diffIds()));
    }

    @Test
    void theTreeEqualsThatOfSkopeoAndUmoci() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-umoci"), Format.OCI, Compression.GZIP, true);
        String reference = registry.push(image, "lab/umoci");
        daemon.checkSlipway("pull", reference);
        assertSameTree(
                "umoci",
                Trees.ofUmoci(work, reference),
                Trees.ofSnapshot(work, daemon.socket(), "overlayfs", image.diffIds()));
    }

    private static void assertSameTree(
            String name, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        SortedMap<String, String> left = new TreeMap<>(expected);
        SortedMap<String, String> right = new TreeMap<>(actual);
        // No layer has an entry for the root; its times are those of the unpacking.
        left.remove(".");
        right.remove(".");
        List<String> differences = TreeDump.differences(name, left, "slipway", right);
        assertThat(differences).as("differences to " + name).isEmpty();
    }
}
