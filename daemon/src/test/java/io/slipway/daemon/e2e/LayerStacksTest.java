package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import io.slipway.daemon.lab.RandomStacks;
import io.slipway.daemon.lab.TreeDump;
import io.slipway.daemon.lab.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
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

/// Our layers, unpacked all at once and linked, show the tree that containerd makes by applying one after another:
/// random stacks (`-Dslipway.seed` begins with a printed seed, `-Dslipway.stacks` says how many) and real files.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LayerStacksTest {
    private static final int STACKS = Integer.getInteger("slipway.stacks", 150);
    private static final Pattern MTIME = Pattern.compile(" mtime=(\\d+)\\.\\d{9}");
    private static final int SHOWN = 12;

    private final long seed = Long.getLong("slipway.seed", System.nanoTime());
    private final Instant startedAt = Instant.now();
    private Leaks before;
    private Path work;
    private LabRegistry registry;
    private PackagedDaemon daemon;
    private LabContainerd containerd;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        System.out.println("seed " + seed);
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

    /// Debian containerd's overlayfs refuses a hard link to a name of a lower layer; its native snapshotter applies
    /// onto
    /// a copy of the parent, where such links work. The copies have the time of copying on directories.
    @Test
    void stacksWithLinksIntoLowerLayersEqualThoseOfContainerdsNativeSnapshotter() throws Exception {
        RandomStacks stacks = new RandomStacks(seed, STACKS, true);
        LabImage image = LabImage.of(work.resolve("images"), "links", stacks);
        String reference = registry.push(image, "lab/links");
        daemon.checkSlipway("pull", reference);
        SortedMap<String, String> own = Trees.ofImage(work, daemon.socket(), "overlayfs", reference);
        containerd.checkCtr("images", "pull", "--plain-http", "--snapshotter", "native", reference);
        assertSame(
                stacks,
                "containerd native",
                withoutWhatMerges(Trees.ofSnapshot(work, containerd.socket(), "native", image.diffIds())),
                withoutWhatMerges(own));
    }

    /// Real files in the dialects that GNU tar writes; each package is a layer. Names go through the symbolic links of
    /// a
    /// merged /usr where the machine has one.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "shell | gnu | GZIP | base-files,dash,bash,coreutils,sed",
                "users | posix | ZSTD | base-passwd,passwd,login,libc-bin,tzdata,util-linux",
                "perl  | gnu | ZSTD | perl-base,libcap2-bin,containerd,runc"
            })
    void imagesOfDebianPackagesEqualThoseOfContainerdsOverlayfs(
            String tag, String format, LabImage.Compression compression, String packages) throws Exception {
        LabImage image =
                LabImage.debian(work.resolve("images"), "debian-" + tag, format, compression, packages.split(","));
        String reference = registry.push(image, "lab/debian");
        daemon.checkSlipway("pull", reference);
        SortedMap<String, String> own = Trees.ofImage(work, daemon.socket(), "overlayfs", reference);
        assertThat(own).hasSizeGreaterThan(100);
        containerd.checkCtr("images", "pull", "--plain-http", reference);
        assertSameTree("containerd", "", Trees.ofImage(work, containerd.socket(), "overlayfs", reference), own);
    }

    /// Two things of directories that a flat tree has differently from overlayfs, with containerd as with us: times
    /// are those of copying, and attributes of a lower layer stay when a later entry has none.
    private static SortedMap<String, String> withoutWhatMerges(SortedMap<String, String> tree) {
        SortedMap<String, String> without = withoutTimesOfDirectories(tree);
        without.replaceAll((_, line) -> line.startsWith("DIRECTORY") ? line.replaceFirst(" xattrs=\\S+", "") : line);
        return without;
    }

    private static SortedMap<String, String> withoutTimesOfDirectories(SortedMap<String, String> tree) {
        SortedMap<String, String> without = new TreeMap<>(tree);
        without.replaceAll(
                (_, line) -> line.startsWith("DIRECTORY") ? MTIME.matcher(line).replaceFirst("") : line);
        return without;
    }

    /// A directory that a layer only implies shows the time of unpacking with containerd, ours keeps that of the lower
    /// one: neither is in an archive, so where either shows such a time, none is compared.
    private void withoutTimesOfUnpacking(SortedMap<String, String> left, SortedMap<String, String> right) {
        for (Map.Entry<String, String> entry : List.copyOf(left.entrySet())) {
            String name = entry.getKey();
            String l = entry.getValue();
            String r = right.get(name);
            if (r != null && l.startsWith("DIRECTORY") && (unpacked(l) || unpacked(r))) {
                left.put(name, MTIME.matcher(l).replaceFirst(""));
                right.put(name, MTIME.matcher(r).replaceFirst(""));
            }
        }
    }

    private boolean unpacked(String line) {
        Matcher mtime = MTIME.matcher(line);
        return mtime.find() && Long.parseLong(mtime.group(1)) >= startedAt.getEpochSecond();
    }

    private void assertSame(
            RandomStacks stacks, String name, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        String story = differences(name, expected, actual).stream()
                .map(line -> line.lines().findFirst().orElse("").split("/", 2)[0])
                .distinct()
                .limit(2)
                .map(stacks::story)
                .reduce("", String::concat);
        assertSameTree(name, story, expected, actual);
    }

    private void assertSameTree(
            String name, String story, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        List<String> differences = differences(name, expected, actual);
        assertThat(differences.stream().limit(SHOWN))
                .as("%d differences to %s%n%s", differences.size(), name, story)
                .isEmpty();
    }

    private List<String> differences(
            String name, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        SortedMap<String, String> left = new TreeMap<>(expected);
        SortedMap<String, String> right = new TreeMap<>(actual);
        withoutTimesOfUnpacking(left, right);
        // No layer has an entry for the root.
        left.remove(".");
        right.remove(".");
        return TreeDump.differences(name, left, "slipway", right);
    }
}
