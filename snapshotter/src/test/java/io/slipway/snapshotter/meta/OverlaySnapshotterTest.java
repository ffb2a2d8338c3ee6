package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.api.events.SnapshotCommit;
import io.slipway.cas.ApiException;
import io.slipway.cas.Lease;
import io.slipway.cas.Leases;
import io.slipway.linux.LinuxException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotterOptions;
import io.slipway.snapshotter.SnapshotterState;
import io.slipway.snapshotter.testing.Fixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The contract on overlayfs, and what only overlayfs promises.
@Tag("root")
class OverlaySnapshotterTest extends SnapshotterContract {
    @TempDir
    Path root;

    private Fixture fixture;

    @BeforeEach
    void open() throws Exception {
        fixture = new Fixture(root);
    }

    @AfterEach
    void close() throws Exception {
        fixture.close();
    }

    @Override
    Fixture fixture() {
        return fixture;
    }

    @Override
    String snapshotter() {
        return "overlayfs";
    }

    @Override
    Set<Capability> capabilities() {
        return Set.of(
                Capability.REBASE, Capability.LOWER_DIRECTORIES_STAY, Capability.REMAP_IDS, Capability.ONLY_REMAP_IDS);
    }

    private String dir(int number, String part) {
        return root.resolve("snapshotters/overlayfs/snapshots/" + number + "/" + part)
                .toString();
    }

    private void commit(String name, String key, String parent) throws Exception {
        fixture.snapshots().commit(NS, "overlayfs", name, key, Map.of(), parent, NO_LEASE);
    }

    private List<Mount> prepare(String key, String parent) throws Exception {
        return fixture.snapshots().prepare(NS, "overlayfs", key, parent, Map.of(), NO_LEASE);
    }

    private List<Mount> view(String key, String parent) throws Exception {
        return fixture.snapshots().view(NS, "overlayfs", key, parent, Map.of(), NO_LEASE);
    }

    @Test
    void mountsAreContainerdsToTheLetter() throws Exception {
        assertThat(prepare("a", "")).containsExactly(new Mount("bind", dir(1, "fs"), "", List.of("rw", "rbind")));
        assertThat(view("v", "")).containsExactly(new Mount("bind", dir(2, "fs"), "", List.of("ro", "rbind")));
        commit("one", "a", "");
        assertThat(view("w", "one")).containsExactly(new Mount("bind", dir(1, "fs"), "", List.of("ro", "rbind")));
        List<String> index =
                Files.exists(Path.of("/sys/module/overlay/parameters/index")) ? List.of("index=off") : List.of();
        Mount active = prepare("b", "one").getFirst();
        assertThat(active.type()).isEqualTo("overlay");
        assertThat(active.source()).isEqualTo("overlay");
        assertThat(active.options().subList(0, 3))
                .containsExactly("workdir=" + dir(4, "work"), "upperdir=" + dir(4, "fs"), "lowerdir=" + dir(1, "fs"));
        assertThat(active.options().subList(3, active.options().size())).isEqualTo(index);
        commit("two", "b", "");
        assertThat(view("x", "two").getFirst().options().getFirst())
                .isEqualTo("lowerdir=" + dir(4, "fs") + ":" + dir(1, "fs"));
    }

    private List<Mount> mapped(String key, String parent) throws Exception {
        return fixture.snapshots().prepare(NS, "overlayfs", key, parent, IDS, NO_LEASE);
    }

    private List<Mount> mappedView(String key, String parent) throws Exception {
        return fixture.snapshots().view(NS, "overlayfs", key, parent, IDS, NO_LEASE);
    }

    @Test
    void mountsWithMappedIdsSaySoFirst() throws Exception {
        String[] ids = {"uidmap=0:100000:10,1000:5000:2", "gidmap=0:200000:100"};
        assertThat(mapped("a", ""))
                .containsExactly(new Mount("bind", dir(1, "fs"), "", List.of(ids[0], ids[1], "rw", "rbind")));
        assertThat(mappedView("v", ""))
                .containsExactly(new Mount("bind", dir(2, "fs"), "", List.of(ids[0], ids[1], "ro", "rbind")));
        commit("one", "a", "");
        assertThat(mappedView("w", "one"))
                .containsExactly(new Mount("bind", dir(1, "fs"), "", List.of(ids[0], ids[1], "ro", "rbind")));
        assertThat(mapped("b", "one").getFirst().options().subList(0, 5))
                .containsExactly(
                        ids[0],
                        ids[1],
                        "workdir=" + dir(4, "work"),
                        "upperdir=" + dir(4, "fs"),
                        "lowerdir=" + dir(1, "fs"));
        prepare("c", "one");
        commit("two", "c", "");
        assertThat(mappedView("x", "two").getFirst().options().subList(0, 3))
                .containsExactly(ids[0], ids[1], "lowerdir=" + dir(5, "fs") + ":" + dir(1, "fs"));
    }

    @Test
    void theUpperTopBelongsToTheMappedRootAndLayersStayAsTheyAre() throws Exception {
        prepare("a", "");
        commit("one", "a", "");
        mapped("b", "one");
        assertThat(Files.getAttribute(Path.of(dir(2, "fs")), "unix:uid")).isEqualTo(100_000);
        assertThat(Files.getAttribute(Path.of(dir(2, "fs")), "unix:gid")).isEqualTo(200_000);
        assertThat(Files.getAttribute(Path.of(dir(1, "fs")), "unix:uid")).isEqualTo(0);
    }

    @Test
    void theContainersRootCanWriteWhatIsItsOwnAndNothingElse() throws Exception {
        List<Mount> base = prepare("a", "");
        Path _ = fixture.mounted(base, dir -> {
            Os.chown(Files.writeString(dir.resolve("other"), "other"), 11, 11);
            return Files.writeString(dir.resolve("own"), "own");
        });
        commit("one", "a", "");
        String said = fixture.mounted(mapped("b", "one"), dir -> as("100000", "200000", dir, """
                echo more >> own && echo new > new && stat -c '%n %u:%g' own new other
                echo more >> other
                """));
        assertThat(said)
                .startsWith("own 100000:200000\nnew 100000:200000\nother 65534:200011\n")
                .contains("cannot create other: Permission denied");
    }

    /// Runs a script as somebody else in a directory that only we may enter.
    private static String as(String uid, String gid, Path dir, String script) throws java.io.IOException {
        Process process = new ProcessBuilder(
                        "setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups", "sh", "-c", script)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void aParentThatBelongsToTheMappedRootAlreadyIsNotMappedAgain() throws Exception {
        prepare("a", "");
        commit("one", "a", "");
        prepare("remap", "one");
        Os.chown(Path.of(dir(2, "fs")), 100_000, 200_000);
        commit("one-100000-200000", "remap", "");
        assertThat(mapped("b", "one-100000-200000").getFirst().options().getFirst())
                .isEqualTo("workdir=" + dir(3, "work"));
        assertThat(Files.getAttribute(Path.of(dir(3, "fs")), "unix:uid")).isEqualTo(100_000);
        assertThat(mappedView("w", "one-100000-200000").getFirst().options().getFirst())
                .startsWith("lowerdir=");
    }

    @Test
    void aMappingThatLeavesRootAloneStillMapsTheOthers() throws Exception {
        prepare("a", "");
        Path _ = fixture.mounted(fixture.snapshots().mounts(NS, "overlayfs", "a"), dir -> {
            Os.chown(Files.writeString(dir.resolve("f"), ""), 1, 1);
            return dir;
        });
        commit("one", "a", "");
        List<Mount> mounts = fixture.snapshots()
                .prepare(NS, "overlayfs", "b", "one", ids("0:0:1,1:70000:5", "0:0:1,1:70000:5"), NO_LEASE);
        Object uid = fixture.mounted(mounts, dir -> Files.getAttribute(dir.resolve("f"), "unix:uid"));
        assertThat(uid).isEqualTo(70_000);
    }

    @Test
    void whatAContainerWroteWithMappedIdsIsNoLayer() throws Exception {
        Path _ = fixture.mounted(mapped("a", ""), dir -> dir);
        commit("one", "a", "");
        mapped("b", "one");
        assertThatThrownBy(() -> commit("two", "b", ""))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.FAILED_PRECONDITION))
                .hasMessageContaining("mounted with other owners");
        assertThat(fixture.snapshots().stat(NS, "overlayfs", "b").kind()).isEqualTo(SnapshotKind.ACTIVE);
    }

    @Test
    void mappingsOutliveTheDaemon() throws Exception {
        List<Mount> mounts = mapped("a", "");
        fixture.close();
        fixture = new Fixture(root);
        assertThat(fixture.snapshots().mounts(NS, "overlayfs", "a")).isEqualTo(mounts);
    }

    /// On ramfs, which can't map ids.
    @Test
    void whereIdsCannotBeMappedTheDriverSaysSoAndRefusesThem() throws Exception {
        fixture.close();
        Path at = root.resolve("snapshotters/overlayfs");
        Mounts.system().mount(List.of(new Mount("ramfs", "ramfs", "", List.of())), at);
        try {
            fixture = new Fixture(root);
            assertThat(state().capabilities()).containsExactlyInAnyOrder("rebase", "only-remap-ids");
            prepare("a", "");
            commit("one", "a", "");
            assertThatThrownBy(() -> mapped("b", "one"))
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.code()).isEqualTo(ApiException.Code.FAILED_PRECONDITION))
                    .hasMessageContaining("Linux 5.19")
                    .hasMessageContaining("100000:200000");
            Os.chown(at.resolve("snapshots/1/fs"), 100_000, 200_000);
            assertThat(mapped("b", "one").getFirst().options().getFirst()).startsWith("workdir=");
        } finally {
            fixture.close();
            Mounts.system().unmount(at);
        }
    }

    /// The first is what fsconfig(2) takes as one option, the second is not.
    @ParameterizedTest
    @ValueSource(ints = {20, 250})
    void layersWhoseNamesNeedMoreThanAPageMount(int length) throws Exception {
        fixture.close();
        Path deep = root.resolve("r".repeat(length));
        fixture = new Fixture(deep);
        Optional<String> lease = Optional.of(
                fixture.cas.leases().create(NS, Optional.empty(), Map.of()).id());
        String parent = "";
        for (int i = 0; i < 80; i++) {
            String name = "layer-" + i;
            List<Mount> mounts = fixture.snapshots().prepare(NS, "overlayfs", "k" + i, parent, Map.of(), lease);
            if (i % 20 == 0) {
                Path _ = fixture.mounted(mounts, dir -> Files.writeString(dir.resolve(name), name));
            }
            fixture.snapshots().commit(NS, "overlayfs", name, "k" + i, Map.of(), "", lease);
            parent = name;
        }
        for (Map<String, String> labels : List.of(Map.<String, String>of(), IDS)) {
            String key = labels.isEmpty() ? "plain" : "mapped";
            List<Mount> mounts = fixture.snapshots().prepare(NS, "overlayfs", key, parent, labels, lease);
            assertThat(String.join(",", mounts.getFirst().options())).hasSizeGreaterThan(4096);
            List<String> seen = fixture.mounted(mounts, dir -> {
                Files.writeString(dir.resolve("new"), "written above " + key);
                return List.of(
                        Files.readString(dir.resolve("layer-0")),
                        Files.readString(dir.resolve("layer-60")),
                        String.valueOf(Files.getAttribute(dir.resolve("layer-0"), "unix:uid")));
            });
            assertThat(seen).containsExactly("layer-0", "layer-60", labels.isEmpty() ? "0" : "100000");
        }
        assertThat(Mounts.system().mountPointsUnder(root)).isEmpty();
    }

    private SnapshotterState state() {
        return fixture.service.states().stream()
                .filter(state -> state.name().equals("overlayfs"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatTheDriverCanIsTold() throws Exception {
        assertThat(state().capabilities()).containsExactlyInAnyOrder("rebase", "remap-ids", "only-remap-ids");
        fixture.close();
        fixture = new Fixture(root, options(false, true));
        assertThat(state().capabilities()).containsExactlyInAnyOrder("rebase", "remap-ids");
    }

    private static SnapshotterOptions options(boolean volatileMounts, boolean slowChown) {
        return new SnapshotterOptions(
                "overlayfs",
                SnapshotterOptions.Sync.BACKGROUND,
                0,
                LayerQuota.DEFAULT,
                volatileMounts,
                slowChown,
                true);
    }

    private void openVolatile() throws Exception {
        fixture.close();
        fixture = new Fixture(root, options(true, false));
    }

    private Path mark(int number) {
        return Path.of(dir(number, "work/work/incompat/volatile"));
    }

    @Test
    void containersAreNotSyncedAndViewsNeedNotBe() throws Exception {
        openVolatile();
        prepare("a", "");
        commit("one", "a", "");
        assertThat(prepare("b", "one").getFirst().options()).endsWith("volatile");
        assertThat(view("v", "one").getFirst().options()).doesNotContain("volatile");
    }

    /// The kernel would refuse the second mount by its mark.
    @Test
    void aContainerThatIsNotSyncedStartsAgainWhileTheMachineIsUp() throws Exception {
        openVolatile();
        prepare("a", "");
        commit("one", "a", "");
        List<Mount> mounts = prepare("b", "one");
        Path _ = fixture.mounted(mounts, dir -> Files.writeString(dir.resolve("f"), "kept"));
        assertThat(mark(2)).exists();
        assertThatThrownBy(() -> fixture.mounted(mounts, dir -> dir)).isInstanceOf(LinuxException.class);
        openVolatile();
        List<Mount> again = fixture.snapshots().mounts(NS, "overlayfs", "b");
        assertThat(again).isEqualTo(mounts);
        String seen = fixture.mounted(again, dir -> Files.readString(dir.resolve("f")));
        assertThat(seen).isEqualTo("kept");
        assertThat(Mounts.system().mountPointsUnder(root)).isEmpty();
    }

    @Test
    void aContainerThatWasNotSyncedWhenTheMachineWentDownIsNotMountedAgain() throws Exception {
        openVolatile();
        prepare("a", "");
        commit("one", "a", "");
        Path _ = fixture.mounted(prepare("b", "one"), dir -> Files.writeString(dir.resolve("f"), "lost?"));
        Path boot = Path.of(dir(2, "boot"));
        for (String left : List.of("another", "")) {
            Files.writeString(boot, left);
            refusedAsLost();
        }
        Files.delete(boot);
        refusedAsLost();
        assertThat(mark(2)).exists();
        fixture.snapshots().remove(NS, "overlayfs", "b");
        Path _ = fixture.mounted(prepare("b", "one"), dir -> dir);
    }

    private void refusedAsLost() {
        assertThatThrownBy(() -> fixture.snapshots().mounts(NS, "overlayfs", "b"))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.FAILED_PRECONDITION))
                .hasMessageContaining("volatile")
                .hasMessageContaining("remove the container");
    }

    @Test
    void directoriesHaveTheModesOfTheSpecification() throws Exception {
        prepare("a", "");
        assertThat(Files.getPosixFilePermissions(Path.of(dir(1, "fs")))).hasSize(7);
        assertThat(Files.getAttribute(Path.of(dir(1, "work")), "unix:mode")).isEqualTo(0040711);
        assertThat(Files.getAttribute(Path.of(dir(1, "fs")), "unix:mode")).isEqualTo(0040755);
        assertThat(Files.getAttribute(root.resolve("snapshotters/overlayfs/snapshots"), "unix:mode"))
                .isEqualTo(0040700);
    }

    @Test
    void aNewUpperTakesTheOwnerOfItsParentsTop() throws Exception {
        prepare("a", "");
        Files.setAttribute(Path.of(dir(1, "fs")), "unix:uid", 77);
        commit("one", "a", "");
        prepare("b", "one");
        assertThat(Files.getAttribute(Path.of(dir(2, "fs")), "unix:uid")).isEqualTo(77);
    }

    @Test
    void commitGivesAParentlessSnapshotItsParent() throws Exception {
        prepare("a", "");
        commit("one", "a", "");
        prepare("b", "");
        commit("two", "b", "one");
        assertThat(fixture.snapshots().stat(NS, "overlayfs", "two").parent()).isEqualTo("one");
        prepare("c", "one");
        assertThatThrownBy(() -> commit("three", "c", "two"))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.FAILED_PRECONDITION));
    }

    @Test
    void theTargetLabelMeansAlreadyThere() throws Exception {
        prepare("a", "");
        commit("chain", "a", "");
        Lease lease = fixture.cas.leases().create(NS, Optional.of("l"), Map.of());
        assertThatThrownBy(() -> fixture.snapshots()
                        .prepare(
                                NS,
                                "overlayfs",
                                "extract-1",
                                "",
                                Map.of("containerd.io/snapshot.ref", "chain"),
                                Optional.of(lease.id())))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS));
        assertThat(fixture.cas.leases().resources(NS, "l"))
                .containsExactly(Leases.Resource.snapshot("overlayfs", "chain"));
    }

    @Test
    void anUnknownLeaseIsRefusedAndNothingStays() throws Exception {
        assertThatThrownBy(() -> fixture.snapshots().prepare(NS, "overlayfs", "k", "", Map.of(), Optional.of("nope")))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.NOT_FOUND));
        assertThat(fixture.snapshots().list(NS, "overlayfs", List.of())).isEmpty();
        assertThat(root.resolve("snapshotters/overlayfs/snapshots")).isEmptyDirectory();
    }

    @Test
    void changesArePublished() throws Exception {
        prepare("a", "");
        view("v", "");
        commit("one", "a", "");
        fixture.snapshots().remove(NS, "overlayfs", "one");
        assertThat(fixture.events)
                .extracting(Fixture.Published::topic)
                .containsSubsequence("/snapshot/prepare", "/snapshot/commit", "/snapshot/remove")
                .filteredOn(topic -> topic.startsWith("/snapshot"))
                .hasSize(3);
        assertThat(fixture.events)
                .extracting(Fixture.Published::event)
                .contains(SnapshotCommit.newBuilder()
                        .setKey("a")
                        .setName("one")
                        .setSnapshotter("overlayfs")
                        .build());
    }

    @Test
    void whatAKilledProbeLeftMountedGoes() throws Exception {
        fixture.close();
        Path probe = root.resolve("snapshotters/overlayfs/snapshots/new-probe");
        for (String name : List.of("lower", "upper", "work", "at")) {
            Files.createDirectories(probe.resolve(name));
        }
        List<String> options = List.of(
                "lowerdir=" + probe.resolve("lower"),
                "upperdir=" + probe.resolve("upper"),
                "workdir=" + probe.resolve("work"));
        Mounts.system().mount(List.of(new Mount("overlay", "overlay", "", options)), probe.resolve("at"));
        fixture = new Fixture(root);
        assertThat(Mounts.system().mountPointsUnder(root)).isEmpty();
        assertThat(probe).doesNotExist();
    }

    @Test
    void removedDirectoriesAndOrphansGo() throws Exception {
        prepare("a", "");
        fixture.snapshots().remove(NS, "overlayfs", "a");
        Path snapshots = root.resolve("snapshotters/overlayfs/snapshots");
        Awaitility.await("the directory of a removed snapshot goes")
                .untilAsserted(() -> assertThat(snapshots).isEmptyDirectory());
        Files.createDirectories(snapshots.resolve("new-left/fs/deep"));
        Files.createDirectories(snapshots.resolve("99/fs"));
        prepare("b", "");
        fixture.snapshots().cleanup("overlayfs");
        try (var names = Files.list(snapshots)) {
            assertThat(names.map(path -> path.getFileName().toString())).containsExactly("2");
        }
    }

    @Test
    void collectionKeepsParentsOfWhatIsRooted() throws Exception {
        prepare("a", "");
        commit("one", "a", "");
        prepare("b", "one");
        fixture.snapshots().commit(NS, "overlayfs", "two", "b", Map.of("containerd.io/gc.root", "yes"), "", NO_LEASE);
        prepare("loose", "two");
        fixture.cas.collector().collect();
        assertThat(fixture.snapshots().list(NS, "overlayfs", List.of()))
                .extracting(info -> info.name())
                .containsExactly("one", "two");
    }

    @Test
    void whatWasNotOnDiskWhenTheMachineWentDownIsAbsent() throws Exception {
        prepare("a", "");
        commit("one", "a", "");
        prepare("c", "one");
        Awaitility.await("the commit is synced behind it")
                .until(() -> count("SELECT count(*) FROM snapshot_dir WHERE synced = 1") == 1);
        fixture.cas.metadata().write(c -> {
            try (var update =
                    c.prepareStatement("UPDATE snapshot_dir SET synced = 0, boot = 'another' WHERE synced = 1")) {
                update.executeUpdate();
            }
            return null;
        });
        assertThatThrownBy(() -> fixture.snapshots().stat(NS, "overlayfs", "one"))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.NOT_FOUND));
        assertThatThrownBy(() -> fixture.snapshots().mounts(NS, "overlayfs", "c"))
                .hasMessageContaining("one");
        prepare("again", "");
        commit("one", "again", "");
        assertThat(fixture.snapshots().mounts(NS, "overlayfs", "c").getFirst().options())
                .contains("lowerdir=" + dir(3, "fs"));
    }

    private long count(String sql) throws java.io.IOException {
        return fixture.cas.metadata().read(c -> {
            try (var query = c.prepareStatement(sql);
                    var row = query.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
