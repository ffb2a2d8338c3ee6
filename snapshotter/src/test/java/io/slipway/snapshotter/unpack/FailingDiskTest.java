package io.slipway.snapshotter.unpack;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotterOptions;
import io.slipway.snapshotter.SnapshotterOptions.Sync;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BtrfsImage;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.DiskImage;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Tar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Row 51 of the corpus: file systems that are really full, and a disk that really fails, under the layers. The failure
/// names the entry and what to do, nothing is left, and once the cause is gone the same layer unpacks.
@Tag("root")
@Timeout(120)
class FailingDiskTest {
    private static final String NS = "default";
    private static final int MIB = 1 << 20;

    @TempDir
    Path root;

    private Path snapshotters;

    @BeforeEach
    void place() throws IOException {
        snapshotters = Files.createDirectory(root.resolve("snapshotters"));
    }

    @AfterEach
    void unmount() throws IOException {
        Mounts.system().unmountTree(snapshotters);
    }

    /// Large files go to the disk directly, small ones by way of the page cache: both notice.
    private static byte[] tar(int files, int bytes) {
        Random random = new Random(files);
        Tar tar = new Tar().add(dir("d/"));
        for (int i = 0; i < files; i++) {
            byte[] content = new byte[bytes];
            random.nextBytes(content);
            tar.add(file("d/" + i, "").data(content));
        }
        return tar.end();
    }

    private static final List<byte[]> TOO_MUCH = List.of(tar(6, 2 * MIB), tar(120, 100 << 10));

    private static UnpackRequest request(byte[] tar) {
        UnpackLayer layer = Blobs.layer(Blobs.PLAIN, tar, BytesArrival.whole(tar), tar.length);
        return new UnpackRequest(NS, "overlayfs", List.of(layer), Optional.empty());
    }

    private static SnapshotterOptions options(Sync sync) {
        return new SnapshotterOptions("overlayfs", sync, 0, LayerQuota.DEFAULT, false, false, true);
    }

    private static String unpack(Fixture fixture, byte[] tar) throws IOException, InterruptedException {
        return fixture.service
                .images()
                .unpack(request(tar), UnpackListener.NONE)
                .await();
    }

    private void refused(Fixture fixture, byte[] tar, String... parts) throws IOException {
        assertThatThrownBy(() -> unpack(fixture, tar))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("layer " + BytesArrival.digestOf(tar))
                .hasMessageContaining("of entry d/")
                .hasMessageContainingAll(parts);
        assertThat(fixture.snapshots().list(NS, "overlayfs", List.of())).isEmpty();
        assertThat(snapshotters.resolve("overlayfs/snapshots")).isEmptyDirectory();
    }

    @Test
    void aFullFileSystemNamesTheEntryAndTakesTheLayerWhenThereIsRoom() throws Exception {
        try (DiskImage _ = DiskImage.mount(
                        root.resolve("ext4.img"), 32L * MIB, snapshotters, "ext4", "mkfs.ext4", "-q", "-m", "0");
                Fixture fixture = new Fixture(root)) {
            Path ballast = fill(snapshotters.resolve("ballast"), 4 * MIB);
            for (byte[] tar : TOO_MUCH) {
                refused(fixture, tar, "ENOSPC", "no space left on that file system; free some and pull again");
            }
            Files.delete(ballast);
            for (byte[] tar : TOO_MUCH) {
                assertThat(unpack(fixture, tar))
                        .isEqualTo(BytesArrival.digestOf(tar).toString());
            }
        }
    }

    /// Writes until so many bytes are free.
    private static Path fill(Path file, long left) throws IOException {
        long more = Files.getFileStore(file.getParent()).getUsableSpace() - left;
        try (var out = Files.newOutputStream(file)) {
            byte[] block = new byte[64 << 10];
            for (long written = 0; written < more; written += block.length) {
                out.write(block);
            }
        }
        return file;
    }

    @Test
    void aQuotaNamesTheEntryAndTakesTheLayerWhenItIsRaised() throws Exception {
        try (BtrfsImage btrfs = new BtrfsImage(Files.createDirectory(root.resolve("image")))) {
            Path volume = btrfs.root().resolve("volume");
            DiskImage.run("btrfs", "subvolume", "create", volume.toString());
            DiskImage.run("btrfs", "quota", "enable", volume.toString());
            DiskImage.run("btrfs", "qgroup", "limit", "8M", volume.toString());
            Mounts.system()
                    .mount(List.of(new Mount("bind", volume.toString(), "", List.of("rbind", "rw"))), snapshotters);
            try (Fixture fixture = new Fixture(root)) {
                for (byte[] tar : TOO_MUCH) {
                    refused(fixture, tar, "EDQUOT", "a quota of that file system; raise it or free some");
                }
                DiskImage.run("btrfs", "qgroup", "limit", "none", volume.toString());
                for (byte[] tar : TOO_MUCH) {
                    assertThat(unpack(fixture, tar))
                            .isEqualTo(BytesArrival.digestOf(tar).toString());
                }
            } finally {
                Mounts.system().unmountTree(snapshotters);
            }
        }
    }

    /// A disk that has less than it says: its image is sparse, and the file system below has no more blocks.
    private final class FailingDisk implements AutoCloseable {
        private final Path below = Files.createDirectory(root.resolve("below"));
        private final DiskImage disk;

        FailingDisk(String below) throws IOException, InterruptedException {
            Mounts.system().mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of("size=" + below))), this.below);
            disk = DiskImage.mount(
                    this.below.resolve("img"),
                    256L * MIB,
                    snapshotters,
                    "ext4",
                    "mkfs.ext4",
                    "-q",
                    "-E",
                    "lazy_itable_init=0,nodiscard",
                    "-J",
                    "size=4");
        }

        @Override
        public void close() throws IOException {
            disk.close();
            Mounts.system().unmount(below);
        }
    }

    /// What was committed counts as absent after the next boot.
    @Test
    void whatAFailedSyncCoveredIsNeverTakenForSynced() throws Exception {
        try (FailingDisk _ = new FailingDisk("16m");
                Fixture fixture = new Fixture(root, options(Sync.BACKGROUND))) {
            byte[] tar = tar(400, 100 << 10);
            String name = unpack(fixture, tar);
            Awaitility.await("the failure is recorded")
                    .until(() -> synced(fixture).equals(List.of(2L)));
            assertThat(fixture.snapshots().stat(NS, "overlayfs", name).name()).isEqualTo(name);
            anotherBoot(fixture);
            assertThat(fixture.service.images().unpacked(NS, "overlayfs", List.of(BytesArrival.digestOf(tar))))
                    .isFalse();
        }
    }

    @Test
    void aFailedSyncBeforeACommitRefusesIt() throws Exception {
        try (FailingDisk _ = new FailingDisk("16m");
                Fixture fixture = new Fixture(root, options(Sync.BEFORE_COMMIT))) {
            assertThatThrownBy(() -> unpack(fixture, tar(400, 100 << 10)))
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED))
                    .hasMessageContaining("see the kernel's log");
            assertThat(fixture.snapshots().list(NS, "overlayfs", List.of())).isEmpty();
        }
    }

    private static List<Long> synced(Fixture fixture) throws IOException {
        return fixture.cas.metadata().read(c -> {
            List<Long> all = new ArrayList<>();
            try (var query = c.prepareStatement("SELECT synced FROM snapshot_dir ORDER BY dir");
                    var row = query.executeQuery()) {
                while (row.next()) {
                    all.add(row.getLong(1));
                }
            }
            return all;
        });
    }

    private static void anotherBoot(Fixture fixture) throws IOException {
        fixture.cas.metadata().write(c -> {
            try (var update = c.prepareStatement("UPDATE snapshot_dir SET boot = 'another' WHERE boot <> ''")) {
                return update.executeUpdate();
            }
        });
    }
}
