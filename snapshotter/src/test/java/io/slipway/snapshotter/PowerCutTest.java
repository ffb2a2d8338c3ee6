package io.slipway.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.SnapshotterOptions.Sync;
import io.slipway.snapshotter.testing.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The power goes at each step; what no completed sync has covered is lost ([LossyDisk]); the node boots. Then nothing
/// is mounted that is not whole: it was on disk, is unpacked again, or is refused with what to do. What was promised to
/// be on disk is there at once, images unpack as if nothing had been, and nothing is left when all is removed.
///
/// `-Dslipway.losses=all` tries each way to lose at each step, instead of one after the other in turn;
/// `-Dslipway.seed`, `-Dslipway.cuts` say where random stories begin and how many there are.
@Tag("root")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class PowerCutTest {
    private static final int STEPS_MAX = 400;
    private static final boolean ALL_LOSSES = "all".equals(System.getProperty("slipway.losses"));
    private static final List<LossyDisk.Loss> LOSSES = List.of(LossyDisk.Loss.values());
    private static final String CUSTOM = "custom";
    /// What each layer shows with those below it, by its snapshot's name.
    private static final Map<String, Map<String, String>> EXPECTED = new HashMap<>();

    private static final int RANDOM_CUTS = Integer.getInteger("slipway.cuts", 12);

    @TempDir
    Path scratch;

    private int roots;

    @BeforeAll
    static void unpackEverythingOnce(@TempDir Path root) throws Exception {
        Power power = new Power(Integer.MAX_VALUE, disk(root, "overlayfs"));
        try (PoweredNode node = new PoweredNode(root, "overlayfs", "boot", Sync.BACKGROUND, power)) {
            for (List<byte[]> image : PoweredNode.IMAGES) {
                String _ = node.pull(image).await();
                for (String name : ChainIds.of(PoweredNode.diffIds(image))) {
                    if (!EXPECTED.containsKey(name)) {
                        EXPECTED.put(name, node.tree(node.view("of " + name, name)));
                    }
                }
            }
        }
        assertThat(expected(PoweredNode.name(DEEP)).keySet())
                .containsExactly("d", "d/one", "d/two", "e", "e/base", "link", "top");
    }

    private static Map<String, String> expected(String name) {
        return Objects.requireNonNull(EXPECTED.get(name), name);
    }

    /// The disk is a model, so a real one would only cost time.
    @BeforeEach
    void mount() throws IOException {
        Mounts.system().mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of())), scratch);
    }

    @AfterEach
    void unmount() throws IOException {
        Mounts.system().unmount(scratch);
    }

    /// What happens on a node before its power goes.
    private interface Story {
        void tell(PoweredNode node, Power power, Promises promises) throws Exception;
    }

    /// What is said to be on disk for good, as names of images.
    private static final class Promises {
        private final Set<String> names = ConcurrentHashMap.newKeySet();

        void kept(String name, Power power) {
            synchronized (power) {
                if (!power.isOff()) {
                    names.add(name);
                }
            }
        }

        void broken(String name) {
            names.remove(name);
        }
    }

    private static final List<byte[]> DEEP = PoweredNode.IMAGES.get(0);
    private static final List<byte[]> SHARING = PoweredNode.IMAGES.get(1);
    private static final List<byte[]> LONE = PoweredNode.IMAGES.get(2);

    private static void pulled(PoweredNode node, Power power, Promises promises) throws Exception {
        String name = node.pull(DEEP).await();
        node.awaitSynced();
        promises.kept(name, power);
        List<Mount> container = node.prepare("container", name);
        Fixture.mounted(node.root, container, at -> Files.writeString(at.resolve("own"), "own"));
        node.awaitSynced();
        String _ = node.pull(SHARING).await();
    }

    /// Something is committed while a sync runs that does not cover it; a parent is then older than its child.
    private static void overtaken(PoweredNode node, Power power, Promises promises) throws Exception {
        power.hold("sync");
        String _ = node.pull(LONE).await();
        power.awaitHeld("sync");
        String _ = node.pull(SHARING).await();
        power.release("sync");
        node.awaitSynced();
        promises.kept(PoweredNode.name(LONE), power);
        promises.kept(PoweredNode.name(SHARING), power);
    }

    private static void removed(PoweredNode node, Power power, Promises promises) throws Exception {
        String name = node.pull(SHARING).await();
        node.awaitSynced();
        promises.kept(name, power);
        var _ = node.view("view", name);
        node.snapshots().remove(PoweredNode.NS, node.snapshotter, "view");
        promises.broken(name);
        for (String gone : ChainIds.of(PoweredNode.diffIds(SHARING)).reversed()) {
            node.snapshots().remove(PoweredNode.NS, node.snapshotter, gone);
        }
        node.snapshots().cleanup(node.snapshotter);
        String _ = node.pull(SHARING).await();
        node.awaitSynced();
        promises.kept(name, power);
    }

    private static void committed(PoweredNode node, Power power, Promises promises) throws Exception {
        String name = node.pull(LONE).await();
        List<Mount> work = node.prepare("work", name);
        Fixture.mounted(node.root, work, at -> Files.writeString(at.resolve("mine"), "mine"));
        node.commit(CUSTOM, "work");
        List<Mount> container = node.prepare("container", CUSTOM);
        Fixture.mounted(node.root, container, at -> Files.writeString(at.resolve("own"), "own"));
        node.awaitSynced();
        promises.kept(name, power);
    }

    @ParameterizedTest
    @CsvSource({"overlayfs, BACKGROUND", "overlayfs, BEFORE_COMMIT", "native, BACKGROUND", "native, BEFORE_COMMIT"})
    void aPullIsWholeOrAbsent(String snapshotter, Sync sync) throws Exception {
        Set<String> steps = atEachStep(snapshotter, sync, PowerCutTest::pulled);
        assertThat(steps)
                .contains("stage COMMITTED", "first entry", "applied", "linked", "published, not recorded")
                .contains("recorded, event /snapshot/commit", "seal", "sync", "synced", "staged ACTIVE");
    }

    @ParameterizedTest
    @CsvSource({"overlayfs", "native"})
    void whatIsCommittedWhileASyncRunsWaitsForTheNext(String snapshotter) throws Exception {
        atEachStep(snapshotter, Sync.BACKGROUND, PowerCutTest::overtaken);
    }

    @ParameterizedTest
    @CsvSource({"overlayfs, BACKGROUND", "native, BEFORE_COMMIT"})
    void removalAndPullAgain(String snapshotter, Sync sync) throws Exception {
        Set<String> steps = atEachStep(snapshotter, sync, PowerCutTest::removed);
        assertThat(steps).contains("recorded, event /snapshot/remove", "clean up", "put away", "removed");
    }

    @ParameterizedTest
    @CsvSource({"overlayfs, BACKGROUND", "overlayfs, BEFORE_COMMIT", "native, BACKGROUND"})
    void whatAClientCommitsIsWholeOrRefused(String snapshotter, Sync sync) throws Exception {
        atEachStep(snapshotter, sync, PowerCutTest::committed);
    }

    /// Layers that were lost are unpacked again before a mount, and the power goes at each step of that, too.
    @ParameterizedTest
    @CsvSource({"overlayfs", "native"})
    void aSecondCutWhileLayersAreUnpackedAgain(String snapshotter) throws Exception {
        for (int cut = 1; ; cut++) {
            assertThat(cut).as("it ends").isLessThan(STEPS_MAX);
            Path root = root();
            LossyDisk disk = disk(root, snapshotter);
            Random random = new Random(cut);
            Power first = new Power(Integer.MAX_VALUE, disk);
            try (PoweredNode node = new PoweredNode(root, snapshotter, "boot-1", Sync.BACKGROUND, first)) {
                first.hold("sync");
                var _ = node.view("seen", node.pull(DEEP).await());
                first.cut();
            }
            disk.lose(losses(cut).getFirst(), random);
            Power second = new Power(cut, disk);
            boolean whole = booted(root, snapshotter, Sync.BACKGROUND, second, (node, power, promises) -> {
                var _ = node.snapshots().mounts(PoweredNode.NS, snapshotter, "seen");
                node.awaitSynced();
            });
            disk.lose(losses(cut + 1).getFirst(), random);
            check(root, snapshotter, "boot-3", Set.of(), "second cut at " + last(second));
            if (whole) {
                return;
            }
        }
    }

    /// Several pull, remove and run at once.
    @ParameterizedTest
    @CsvSource({"overlayfs, BACKGROUND", "overlayfs, BEFORE_COMMIT", "native, BACKGROUND"})
    void anyInterleaving(String snapshotter, Sync sync) throws Exception {
        long seed = Long.getLong("slipway.seed", Boolean.getBoolean("slipway.nightly") ? System.nanoTime() : 1);
        for (int i = 0; i < RANDOM_CUTS; i++, seed++) {
            String at = "seed " + seed + " " + snapshotter + " " + sync;
            System.out.println(at);
            Random random = new Random(seed);
            Path root = root();
            LossyDisk disk = disk(root, snapshotter);
            for (int boot = 1; boot <= 2; boot++) {
                Power power = new Power(1 + random.nextInt(120), disk);
                long stories = random.nextLong();
                try (PoweredNode node = new PoweredNode(root, snapshotter, "boot-" + boot, sync, power)) {
                    crowd(node, power, stories);
                    power.cut();
                }
                disk.lose(LOSSES.get(random.nextInt(LOSSES.size())), random);
            }
            check(root, snapshotter, "boot-3", Set.of(), at);
        }
    }

    private static void crowd(PoweredNode node, Power power, long seed) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Random random = new Random(seed + i);
            String key = "key-" + seed + "-" + i;
            threads.add(Thread.ofVirtual().start(() -> {
                for (int n = 0; n < 6 && !power.isOff(); n++) {
                    try {
                        anything(node, random, key + "-" + n);
                    } catch (IOException | InterruptedException | RuntimeException | Power.Off _) {
                        // Others have removed it, or the power is off.
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void anything(PoweredNode node, Random random, String key) throws IOException, InterruptedException {
        List<byte[]> image = PoweredNode.IMAGES.get(random.nextInt(PoweredNode.IMAGES.size()));
        switch (random.nextInt(5)) {
            case 0, 1 -> {
                String _ = node.pull(image).await();
            }
            case 2 -> {
                var _ = node.prepare(key, PoweredNode.name(image));
            }
            case 3 -> {
                var _ = node.view(key, PoweredNode.name(image));
            }
            default -> {
                List<String> leaves = node.leaves();
                if (!leaves.isEmpty()) {
                    node.snapshots()
                            .remove(PoweredNode.NS, node.snapshotter, leaves.get(random.nextInt(leaves.size())));
                }
            }
        }
    }

    /// Returns the steps there are.
    private Set<String> atEachStep(String snapshotter, Sync sync, Story story) throws Exception {
        Set<String> steps = new TreeSet<>();
        for (int cut = 1; ; cut++) {
            assertThat(cut).as("the story ends").isLessThan(STEPS_MAX);
            boolean whole = true;
            for (LossyDisk.Loss loss : losses(cut)) {
                Path root = root();
                LossyDisk disk = disk(root, snapshotter);
                Power power = new Power(cut, disk);
                Set<String> promised = new HashSet<>();
                whole = booted(root, snapshotter, sync, power, (node, on, promises) -> {
                    try {
                        story.tell(node, on, promises);
                    } finally {
                        promised.addAll(promises.names);
                    }
                });
                disk.lose(loss, new Random(cut));
                steps.addAll(power.taken());
                check(root, snapshotter, "boot-2", promised, "cut " + cut + " after " + last(power) + ", " + loss);
            }
            if (whole) {
                return steps;
            }
        }
    }

    private static List<LossyDisk.Loss> losses(int cut) {
        return ALL_LOSSES ? LOSSES : List.of(LOSSES.get(cut % LOSSES.size()));
    }

    private static String last(Power power) {
        return power.taken().isEmpty() ? "nothing" : power.taken().getLast();
    }

    private Path root() throws IOException {
        return Files.createDirectory(scratch.resolve(Integer.toString(++roots)));
    }

    private static LossyDisk disk(Path root, String snapshotter) throws IOException {
        Path top = Files.createDirectories(PoweredNode.directories(root, snapshotter));
        return new LossyDisk(top, Files.createTempDirectory(root, "removed"));
    }

    /// Whether the story came to its end, after which the power goes too.
    private static boolean booted(Path root, String snapshotter, Sync sync, Power power, Story story) throws Exception {
        String boot = Files.exists(root.resolve("metadata.db")) ? "boot-2" : "boot-1";
        try (PoweredNode node = new PoweredNode(root, snapshotter, boot, sync, power)) {
            try {
                story.tell(node, power, new Promises());
            } catch (Exception | Power.Off e) {
                if (!power.isOff()) {
                    throw e;
                }
            }
            boolean whole = !power.isOff();
            power.cut();
            return whole;
        }
    }

    private static void check(Path root, String snapshotter, String boot, Set<String> promised, String at)
            throws Exception {
        Power power = new Power(Integer.MAX_VALUE, disk(root, snapshotter));
        try (PoweredNode node = new PoweredNode(root, snapshotter, boot, Sync.BACKGROUND, power)) {
            new Checks(node).run(promised);
        } catch (AssertionError | Exception e) {
            throw new AssertionError(at + ": " + e, e);
        }
    }

    /// What holds after every boot.
    private record Checks(PoweredNode node) {
        void run(Set<String> promised) throws Exception {
            for (List<byte[]> image : PoweredNode.IMAGES) {
                if (promised.contains(PoweredNode.name(image))) {
                    assertThat(node.service.images().unpacked(PoweredNode.NS, "", PoweredNode.diffIds(image)))
                            .as("promised to be on disk")
                            .isTrue();
                }
            }
            List<SnapshotInfo> found = node.snapshots().list(PoweredNode.NS, node.snapshotter, List.of());
            for (SnapshotInfo info : found) {
                if (info.kind() == SnapshotKind.COMMITTED) {
                    wholeOrRefused(info.name(), () -> node.view("of " + info.name(), info.name()));
                } else if (!info.parent().isEmpty()) {
                    wholeOrRefused(
                            info.parent(),
                            () -> node.snapshots().mounts(PoweredNode.NS, node.snapshotter, info.name()));
                }
            }
            for (List<byte[]> image : PoweredNode.IMAGES) {
                assertThat(node.pull(image).await()).isEqualTo(PoweredNode.name(image));
                Map<String, String> tree =
                        node.tree(node.view("again " + PoweredNode.name(image), PoweredNode.name(image)));
                assertThat(tree).as("pulled again").isEqualTo(expected(PoweredNode.name(image)));
            }
            nothingStays();
        }

        private interface Mounting {
            List<Mount> mounts() throws IOException;
        }

        private void wholeOrRefused(String name, Mounting mounting) throws IOException {
            List<Mount> mounts;
            try {
                mounts = mounting.mounts();
            } catch (ApiException e) {
                assertThat(e.code()).as(e.getMessage()).isEqualTo(ApiException.Code.FAILED_PRECONDITION);
                assertThat(e).hasMessageContaining("was not on disk when the machine went down");
                assertThat(e.getMessage()).containsAnyOf("pull its image", "remove it and prepare it again");
                return;
            }
            Map<String, String> tree = node.tree(mounts);
            String image = name.equals(CUSTOM) ? PoweredNode.name(LONE) : name;
            assertThat(tree).as(name + " by " + mounts).containsAllEntriesOf(expected(image));
            if (name.equals(CUSTOM)) {
                assertThat(tree.get("mine")).endsWith(" 4 \"mine\"");
            }
        }

        private void nothingStays() throws Exception {
            for (List<String> leaves = node.leaves(); !leaves.isEmpty(); leaves = node.leaves()) {
                for (String key : leaves) {
                    node.snapshots().remove(PoweredNode.NS, node.snapshotter, key);
                }
            }
            node.snapshots().cleanup(node.snapshotter);
            Awaitility.await("directories go")
                    .untilAsserted(() -> assertThat(PoweredNode.directories(node.root, node.snapshotter))
                            .isEmptyDirectory());
            assertThat(node.numbers("SELECT count(*) FROM snapshot_dir")).containsExactly(0L);
        }
    }
}
