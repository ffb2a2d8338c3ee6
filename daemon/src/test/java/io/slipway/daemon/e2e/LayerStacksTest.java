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
import io.slipway.snapshotter.testkit.FlatModel;
import io.slipway.snapshotter.testkit.Manner;
import io.slipway.snapshotter.testkit.Refusal;
import io.slipway.snapshotter.testkit.Shown;
import io.slipway.snapshotter.testkit.StackModel;
import io.slipway.snapshotter.testkit.UpperModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Our layers, unpacked all at once and linked, show the tree that containerd and umoci make by applying one after
/// another: random stacks (`-Dslipway.seed` begins with a printed seed, nightly at random, `-Dslipway.stacks` says how many) and real
/// files.
///
/// Of random stacks, each unpacker's tree is compared with that of a model of it, so that where two differ is said
/// in one place ([Manner], [UpperModel]) and nowhere else do they.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LayerStacksTest {
    private static final int STACKS =
            Integer.getInteger("slipway.stacks", Boolean.getBoolean("slipway.nightly") ? 1000 : 100);
    private static final StackModel OURS = new FlatModel(Manner.OVERLAYFS);
    private static final Pattern MTIME = Pattern.compile(" mtime=(\\d+)\\.\\d{9}");
    private static final int SHOWN = 12;

    private final long seed = Long.getLong("slipway.seed", Boolean.getBoolean("slipway.nightly") ? System.nanoTime() : 1);
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

    @Test
    void stacksEqualThoseOfContainerdsOverlayfs() throws Exception {
        compare("overlayfs", new UpperModel(), (reference, image) -> {
            containerd.checkCtr("images", "pull", "--plain-http", reference);
            SortedMap<String, String> tree = Trees.ofImage(work, containerd.socket(), "overlayfs", reference);
            // It gives no directory an origin: its whiteouts show where nothing merges.
            tree.values().removeIf(TreeDump.LISTED_ONLY::equals);
            return tree;
        });
    }

    /// Which applies onto a copy of the parent, so that links into lower layers work.
    @Test
    void stacksEqualThoseOfContainerdsNativeSnapshotter() throws Exception {
        compare("native", new FlatModel(Manner.CONTAINERD_NATIVE), (reference, image) -> {
            containerd.checkCtr("images", "pull", "--plain-http", "--snapshotter", "native", reference);
            return Trees.ofSnapshot(work, containerd.socket(), "native", image.diffIds());
        });
    }

    @Test
    void stacksEqualThoseOfUmoci() throws Exception {
        compare("umoci", new FlatModel(Manner.UMOCI), (reference, image) -> Trees.ofUmoci(work, reference));
    }

    /// Links to later entries, whiteouts of the layer's own names, and whatever else one of the others refuses.
    @Test
    void stacksThatOthersRefuseAreWhatTheSpecificationSays() throws Exception {
        RandomStacks stacks = new RandomStacks(seed, STACKS, OURS);
        LabImage image = LabImage.of(work.resolve("images"), "ours", stacks);
        assertStacks(stacks, "the model of ours", OURS, pulled(registry.push(image, "lab/stacks")));
    }

    private interface Peer {
        SortedMap<String, String> unpack(String reference, LabImage image) throws Exception;
    }

    /// Stacks that both take: the peer's tree is what the model of it says, ours what the model of ours does. What the
    /// two models say differs in nothing but what is named in [Manner] and [UpperModel].
    private void compare(String tag, StackModel theirs, Peer peer) throws Exception {
        RandomStacks stacks = new RandomStacks(seed, STACKS, OURS, theirs);
        int alike = stacks.alike(OURS, theirs);
        System.out.println(tag + ": " + alike + " of " + STACKS + " stacks are the same tree by both models");
        assertThat(alike).isPositive();
        LabImage image = LabImage.of(work.resolve("images"), tag, stacks);
        String reference = registry.push(image, "lab/stacks");
        assertStacks(stacks, "the model of " + tag, theirs, peer.unpack(reference, image));
        assertStacks(stacks, "the model of ours", OURS, pulled(reference));
    }

    private SortedMap<String, String> pulled(String reference) throws Exception {
        daemon.checkSlipway("pull", reference);
        return Trees.ofImage(work, daemon.socket(), "overlayfs", reference);
    }

    private static void assertStacks(
            RandomStacks stacks, String name, StackModel model, SortedMap<String, String> actual) throws Refusal {
        SortedMap<String, Shown> tree = stacks.tree(model);
        SortedMap<String, String> found = new TreeMap<>(actual);
        // No layer has an entry for the root.
        found.remove(".");
        tree.forEach((path, shown) -> {
            if (shown.mtimeNs() == Shown.UNPROMISED) {
                found.computeIfPresent(path, (_, line) -> MTIME.matcher(line).replaceFirst(""));
            }
        });
        List<String> differences = TreeDump.differences(name, TreeDump.of(tree), "found", found);
        assertThat(differences.stream().limit(SHOWN))
                .as(() -> differences.size() + " differences; " + stacks.story(tops(differences)))
                .isEmpty();
    }

    private static Set<String> tops(List<String> differences) {
        return differences.stream()
                .map(line -> line.lines().findFirst().orElse("").split("/", 2)[0])
                .collect(Collectors.toSet());
    }

    /// Real files in the dialects that GNU tar writes; each package is a layer. Names go through the symbolic links of
    /// a merged /usr where the machine has one.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "shell | gnu | GZIP | base-files,dash,bash,coreutils,sed",
                "users | posix | ZSTD | base-passwd,passwd,login,libc-bin,tzdata,util-linux",
                "perl  | gnu | ZSTD | perl-base,libcap2-bin,containerd,runc"
            })
    void imagesOfDebianPackagesEqualThoseOfContainerdsOverlayfsAndOfUmoci(
            String tag, String format, LabImage.Compression compression, String packages) throws Exception {
        assertSameTrees(
                LabImage.debian(work.resolve("images"), "debian-" + tag, format, compression, packages.split(",")));
    }

    /// A base with merged /usr, and on it what apt-get, rm, chown, chmod and setcap leave.
    @Test
    void aDebianBaseWithTypicalLayersEqualsThoseOfContainerdsOverlayfsAndOfUmoci() throws Exception {
        SortedMap<String, String> own = assertSameTrees(LabImage.debianBase(work.resolve("images")));
        assertThat(own)
                .doesNotContainKeys("usr/share/doc", "etc/issue", "etc/update-motd.d/10-uname")
                .containsKeys("usr/bin/bash", "usr/bin/zstd", "etc/update-motd.d/20-new");
        assertThat(own.get("bin")).contains("target=usr/bin");
        assertThat(own.get("usr/bin/dash")).contains("security.capability=0100000200200000");
        assertThat(own.get("usr/local/bin/tool-2")).contains("same-as=usr/local/bin/tool");
        assertThat(own.get("usr/share/zoneinfo/Europe")).contains("mode=750 owner=1000:1000");
        assertThat(own.get("tmp")).contains("mode=1777");
    }

    private SortedMap<String, String> assertSameTrees(LabImage image) throws Exception {
        String reference = registry.push(image, "lab/debian");
        SortedMap<String, String> own = pulled(reference);
        assertThat(own).hasSizeGreaterThan(100);
        containerd.checkCtr("images", "pull", "--plain-http", reference);
        assertSameTree("containerd", Trees.ofImage(work, containerd.socket(), "overlayfs", reference), own);
        assertSameTree("umoci", Trees.ofUmoci(work, reference), own);
        return own;
    }

    /// A directory that a layer only implies shows the time of unpacking with containerd, and one in which it is made
    /// with umoci; ours keeps that of the lower one. Neither is in an archive: where one shows such a time, none
    /// is compared.
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

    private void assertSameTree(String name, SortedMap<String, String> expected, SortedMap<String, String> actual) {
        List<String> differences = differences(name, expected, actual);
        assertThat(differences.stream().limit(SHOWN))
                .as("%d differences to %s", differences.size(), name)
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
