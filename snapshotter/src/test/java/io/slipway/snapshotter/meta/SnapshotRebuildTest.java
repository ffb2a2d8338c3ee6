package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.testing.Fixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The records of snapshots are older than the directories, or gone.
@Tag("root")
final class SnapshotRebuildTest {
    private static final String NS = "default";
    private static final String OVERLAY = "overlayfs";

    /// A bound for what hangs.
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path root;

    private Path mountPoint() {
        return root.resolve("state/io.containerd.runtime.v2.task/" + NS + "/running/rootfs");
    }

    @AfterEach
    void unmount() throws Exception {
        Mounts.system().unmountTree(mountPoint());
    }

    private static List<Mount> prepare(Fixture fixture, String key, String parent) throws Exception {
        return fixture.snapshots().prepare(NS, OVERLAY, key, parent, Map.of(), Optional.empty());
    }

    private static void committed(Fixture fixture, String name, String parent) throws Exception {
        fixture.mounted(
                prepare(fixture, name + "-made", parent),
                mounted -> Files.writeString(mounted.resolve(name), "of " + name));
        fixture.snapshots().commit(NS, OVERLAY, name, name + "-made", Map.of(), parent, Optional.empty());
    }

    private SortedSet<Long> numbers() throws Exception {
        SortedSet<Long> numbers = new TreeSet<>();
        try (var directories = Files.list(root.resolve("snapshotters/overlayfs/snapshots"))) {
            directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(name -> name.matches("[0-9]+"))
                    .forEach(name -> numbers.add(Long.parseLong(name)));
        }
        return numbers;
    }

    /// The copy knows `base`, `gone` and the active `left`; since then those two went, and `running`, which is mounted,
    /// and the unmounted `idle` came, both on a parent that the copy does not know.
    private void story() throws Exception {
        byte[] copy;
        try (Fixture first = new Fixture(root)) {
            committed(first, "base", "");
            committed(first, "gone", "base");
            prepare(first, "left", "base");
        }
        copy = Files.readAllBytes(root.resolve("metadata.db.copy"));
        try (Fixture second = new Fixture(root)) {
            second.snapshots().remove(NS, OVERLAY, "left");
            second.snapshots().remove(NS, OVERLAY, "gone");
            committed(second, "new", "base");
            List<Mount> running = prepare(second, "running", "new");
            prepare(second, "idle", "new");
            second.snapshots().cleanup(OVERLAY);
            Files.createDirectories(mountPoint());
            Mounts.system().mount(running, mountPoint());
            Files.writeString(mountPoint().resolve("written"), "by the container");
        }
        Files.write(root.resolve("metadata.db.copy"), copy);
    }

    private void assertRunning(Fixture fixture, String parent) throws Exception {
        fixture.snapshots().cleanup(OVERLAY);
        SnapshotInfo running = fixture.snapshots().stat(NS, OVERLAY, "running");
        assertThat(running.kind()).isEqualTo(SnapshotKind.ACTIVE);
        SnapshotInfo below = fixture.snapshots().stat(NS, OVERLAY, running.parent());
        assertThat(below.parent()).matches(parent);
        assertThat(mountPoint().resolve("written")).hasContent("by the container");
        assertThat(mountPoint().resolve("base")).hasContent("of base");
        String seen = fixture.mounted(
                fixture.snapshots().view(NS, OVERLAY, "look", running.parent(), Map.of(), Optional.empty()),
                mounted -> Files.readString(mounted.resolve("new")));
        assertThat(seen).isEqualTo("of new");
        fixture.snapshots().remove(NS, OVERLAY, "look");
    }

    private static void assertAbsent(Fixture fixture, String key) {
        assertThatThrownBy(() -> fixture.snapshots().stat(NS, OVERLAY, key))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void recordsOfTheCopyAreBroughtInLineWithTheDirectories() throws Exception {
        story();
        long highest = numbers().last();
        Files.delete(root.resolve("metadata.db"));
        try (Fixture third = new Fixture(root)) {
            assertThat(third.snapshots().stat(NS, OVERLAY, "base").kind()).isEqualTo(SnapshotKind.COMMITTED);
            assertAbsent(third, "left");
            assertAbsent(third, "gone");
            assertAbsent(third, "idle");
            assertRunning(third, "base");
            prepare(third, "next", "base");
            assertThat(numbers().last()).as("no number twice").isGreaterThan(highest);
            List<String> names = third.mounted(third.snapshots().mounts(NS, OVERLAY, "next"), mounted -> {
                try (var entries = Files.list(mounted)) {
                    return entries.map(entry -> entry.getFileName().toString()).toList();
                }
            });
            assertThat(names).containsExactly("base");
            committed(third, "gone", "base");
            third.cas.collector().collect();
            third.snapshots().stat(NS, OVERLAY, "running");
        }
    }

    @Test
    void withoutCopyWhatIsMountedStaysAndTheRestGoes() throws Exception {
        story();
        Files.delete(root.resolve("metadata.db"));
        Files.delete(root.resolve("metadata.db.copy"));
        try (Fixture third = new Fixture(root)) {
            assertAbsent(third, "base");
            assertRunning(third, "recovered-[0-9]+");
            third.snapshots().cleanup(OVERLAY);
            Awaitility.await("two parents and the container's")
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(numbers()).hasSize(3));
            Mounts.system().unmountTree(mountPoint());
            third.snapshots().remove(NS, OVERLAY, "running");
            third.cas.collector().collect();
            Awaitility.await("nothing needs them any more")
                    .until(() -> numbers().isEmpty());
        }
    }

    @Test
    void damagedRecordsRemoveNoDirectory() throws Exception {
        story();
        try (Fixture third = new Fixture(root)) {
            committed(third, "unknown-to-the-copy", "");
        }
        var before = numbers();
        try (Fixture fourth = new Fixture(root)) {
            assertThatThrownBy(() -> fourth.cas.metadata().read(_ -> {
                        throw new org.sqlite.SQLiteException("bad page", org.sqlite.SQLiteErrorCode.SQLITE_CORRUPT);
                    }))
                    .isInstanceOf(java.io.IOException.class);
            assertThat(fourth.cas.metadata().damage()).contains("bad page");
            fourth.cas.metadata().write(connection -> {
                try (var statement = connection.createStatement()) {
                    statement.execute("DELETE FROM snapshot_label");
                    statement.execute("UPDATE snapshot SET parent = NULL");
                    statement.execute("DELETE FROM snapshot");
                    return statement.executeUpdate("DELETE FROM snapshot_dir");
                }
            });
            fourth.snapshots().cleanup(OVERLAY);
            assertThat(numbers()).isEqualTo(before);
        }
    }
}
