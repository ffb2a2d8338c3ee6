package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.Mount;
import io.slipway.snapshotter.testing.BtrfsImage;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Trees;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The contract on btrfs, and what only it promises.
@Tag("root")
@Tag("peer")
class BtrfsSnapshotterTest extends SnapshotterContract {
    @TempDir
    Path scratch;

    private BtrfsImage image;
    private Fixture fixture;

    @BeforeEach
    void open() throws Exception {
        image = new BtrfsImage(scratch);
        fixture = new Fixture(image.root());
    }

    @AfterEach
    void close() throws Exception {
        fixture.close();
        image.close();
    }

    @Override
    Fixture fixture() {
        return fixture;
    }

    @Override
    String snapshotter() {
        return "btrfs";
    }

    private Path snapshots() {
        return image.root().resolve("snapshotters/btrfs/snapshots");
    }

    @Test
    void mountsNameTheDeviceAndTheSubvolume() throws Exception {
        Mount active = fixture.snapshots()
                .prepare(NS, "btrfs", "a", "", Map.of(), NO_LEASE)
                .getFirst();
        assertThat(active.type()).isEqualTo("btrfs");
        assertThat(active.source()).startsWith("/dev/loop");
        assertThat(active.options()).hasSize(1).first().asString().matches("subvolid=\\d+");
        Mount view = fixture.snapshots()
                .view(NS, "btrfs", "v", "", Map.of(), NO_LEASE)
                .getFirst();
        assertThat(view.options()).hasSize(2).last().isEqualTo("ro");
        assertThat(view.options().getFirst()).isNotEqualTo(active.options().getFirst());
    }

    @Test
    void aChildIsWhatItsParentWas() throws Exception {
        List<Mount> mounts = fixture.snapshots().prepare(NS, "btrfs", "a", "", Map.of(), NO_LEASE);
        Map<String, String> before = fixture.mounted(mounts, SampleTree::in);
        fixture.snapshots().commit(NS, "btrfs", "one", "a", Map.of(), "", NO_LEASE);
        List<Mount> child = fixture.snapshots().prepare(NS, "btrfs", "b", "one", Map.of(), NO_LEASE);
        Map<String, String> copied = fixture.mounted(child, Trees::of);
        assertThat(copied).isEqualTo(before);
    }

    @Test
    void aCommittedSnapshotCannotBeWrittenAnyMore() throws Exception {
        fixture.snapshots().prepare(NS, "btrfs", "a", "", Map.of(), NO_LEASE);
        Files.writeString(snapshots().resolve("1/f"), "1");
        fixture.snapshots().commit(NS, "btrfs", "one", "a", Map.of(), "", NO_LEASE);
        assertThatThrownBy(() -> Files.writeString(snapshots().resolve("1/f"), "2"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("Read-only");
        fixture.snapshots().remove(NS, "btrfs", "one");
        Awaitility.await("a read-only subvolume is removed, too")
                .untilAsserted(() -> assertThat(snapshots()).isEmptyDirectory());
    }

    @Test
    void elsewhereItSaysWhatItNeeds(@TempDir Path other) throws Exception {
        try (Fixture without = new Fixture(other)) {
            assertThatThrownBy(() -> without.snapshots().stat(NS, "btrfs", "k"))
                    .hasMessageContaining("snapshotter not loaded: btrfs: ")
                    .hasMessageContaining("snapshots of btrfs need btrfs");
            assertThat(other.resolve("snapshotters/btrfs")).doesNotExist();
        }
    }
}
