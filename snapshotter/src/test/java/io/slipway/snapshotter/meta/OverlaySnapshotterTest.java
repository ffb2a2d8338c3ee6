package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.api.events.SnapshotCommit;
import io.slipway.cas.ApiException;
import io.slipway.cas.Lease;
import io.slipway.cas.Leases;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.testing.Fixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
