package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabImage.Compression;
import io.slipway.daemon.lab.LabImage.Format;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import io.slipway.daemon.lab.Sweep;
import io.slipway.daemon.lab.TreeDump;
import io.slipway.daemon.lab.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A real image goes from a real registry into the store, is unpacked, and runs; the tree is the one that
/// containerd makes, attribute for attribute.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PullAndRunTest {
    private static final Pattern MTIME = Pattern.compile(" mtime=(\\d+)\\.\\d{9}");

    /// Directories that a layer implies and a lower layer has.
    private static final Set<String> IMPLIED = Set.of("srv", "tmp");

    private final Instant startedAt = Instant.now();
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
        try {
            containerd.close();
            assertThat(daemon.process().stop()).as("exit code on SIGTERM").isZero();
            registry.close();
            before.assertNothingNew();
        } finally {
            Sweep.below(work);
        }
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

    /// A directory that a layer only implies takes its attributes from the nearest lower one. containerd's
    /// then shows the time at which the layer's names were put into it, ours keeps that of the lower one:
    /// neither is in an archive, so the times of those two are left out.
    @Test
    void theTreeEqualsThatOfContainerdsOverlayfs() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-tree"), Format.OCI, Compression.GZIP, false);
        String reference = registry.push(image, "lab/tree");
        daemon.checkSlipway("pull", reference);
        containerd.checkCtr("images", "pull", "--plain-http", reference);
        assertSameTree(
                "containerd overlayfs",
                withoutTimesOf(IMPLIED::contains, Trees.ofImage(work, containerd.socket(), "overlayfs", reference)),
                withoutTimesOf(IMPLIED::contains, Trees.ofImage(work, daemon.socket(), "overlayfs", reference)));
    }

    /// Debian containerd's overlayfs refuses a hard link to a name of a lower layer; its native snapshotter,
    /// which applies onto a copy of the parent, is the reference for that image. The copies get directories
    /// with the time of copying, so those are left out.
    @Test
    void theTreeWithALinkIntoALowerLayerEqualsThatOfContainerdsNativeSnapshotter() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-link"), Format.OCI, Compression.ZSTD, true);
        String reference = registry.push(image, "lab/link");
        daemon.checkSlipway("pull", reference);
        containerd.checkCtr("images", "pull", "--plain-http", "--snapshotter", "native", reference);
        assertSameTree(
                "containerd native",
                withoutTimesOfDirectories(Trees.ofSnapshot(work, containerd.socket(), "native", image.diffIds())),
                withoutTimesOfDirectories(Trees.ofImage(work, daemon.socket(), "overlayfs", reference)));
    }

    /// Where umoci and containerd differ, containerd is right: umoci leaves a directory with the time at
    /// which the last name was put into it, containerd sets it to the archive's at the end of each layer. So
    /// the times of directories are left out here; they are compared with containerd's above. Also umoci
    /// keeps the set-group-ID bit that a new directory inherits, containerd gives the directories it implies
    /// 0755.
    @Test
    void theTreeEqualsThatOfSkopeoAndUmoci() throws Exception {
        LabImage image = LabImage.build(work.resolve("images-umoci"), Format.OCI, Compression.GZIP, true);
        String reference = registry.push(image, "lab/umoci");
        daemon.checkSlipway("pull", reference);
        SortedMap<String, String> umoci = withoutTimesOfDirectories(Trees.ofUmoci(work, reference));
        umoci.computeIfPresent("srv/owned/inside", (_, line) -> line.replaceFirst("mode=2755", "mode=755"));
        assertSameTree(
                "umoci",
                umoci,
                withoutTimesOfDirectories(Trees.ofImage(work, daemon.socket(), "overlayfs", reference)));
    }

    private static SortedMap<String, String> withoutTimesOfDirectories(SortedMap<String, String> tree) {
        return withoutTimesOf(name -> tree.getOrDefault(name, "").startsWith("DIRECTORY"), tree);
    }

    private static SortedMap<String, String> withoutTimesOf(Predicate<String> names, SortedMap<String, String> tree) {
        SortedMap<String, String> without = new TreeMap<>(tree);
        without.replaceAll((name, line) -> names.test(name) ? line.replaceFirst(" mtime=\\S+", "") : line);
        return without;
    }

    /// A directory that no layer has an entry for carries the time of its unpacking.
    private SortedMap<String, String> withoutTimesOfUnpacking(SortedMap<String, String> tree) {
        SortedMap<String, String> without = new TreeMap<>(tree);
        without.replaceAll((_, line) -> {
            Matcher mtime = MTIME.matcher(line);
            return mtime.find() && Long.parseLong(mtime.group(1)) >= startedAt.getEpochSecond()
                    ? mtime.replaceFirst(" mtime=unpacked")
                    : line;
        });
        return without;
    }

    private void assertSameTree(String name, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        SortedMap<String, String> left = withoutTimesOfUnpacking(expected);
        SortedMap<String, String> right = withoutTimesOfUnpacking(actual);
        // No layer has an entry for the root.
        left.remove(".");
        right.remove(".");
        List<String> differences = TreeDump.differences(name, left, "slipway", right);
        assertThat(differences).as("differences to " + name).isEmpty();
    }
}
