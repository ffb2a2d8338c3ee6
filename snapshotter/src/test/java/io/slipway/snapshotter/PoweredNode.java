package io.slipway.snapshotter;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.whiteout;

import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcOptions;
import io.slipway.cas.Provenance;
import io.slipway.linux.Hashers;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;

/// A node from one boot to its end: a store that has the blobs of a few images, and a snapshotter whose driver tells
/// each step. Needs root.
final class PoweredNode implements AutoCloseable {
    static final String NS = "default";
    static final Optional<String> NO_LEASE = Optional.empty();

    private static final byte[] BASE = new Tar()
            .add(dir("d/"), file("d/one", "1"), file("d/gone", "old"), dir("e/"), file("e/base", "base"))
            .end();
    private static final byte[] MIDDLE = new Tar()
            .add(file("d/two", "2"), whiteout("d/.wh.gone"), hardLink("link", "d/one"))
            .end();
    private static final byte[] TOP = new Tar().add(file("top", "t")).end();
    private static final byte[] OTHER =
            new Tar().add(dir("o/"), file("o/other", "other")).end();
    private static final byte[] ALONE =
            new Tar().add(dir("a/"), file("a/alone", "alone")).end();

    /// Bottom first. They share layers, and one shares none.
    static final List<List<byte[]>> IMAGES = List.of(List.of(BASE, MIDDLE, TOP), List.of(BASE, OTHER), List.of(ALONE));

    final Cas cas;
    final SnapshotterService service;
    final String snapshotter;
    final Path root;
    private final ExecutorService bytes = Executors.newFixedThreadPool(2);

    PoweredNode(Path root, String snapshotter, String boot, SnapshotterOptions.Sync sync, Power power)
            throws IOException {
        this.root = root;
        this.snapshotter = snapshotter;
        GcOptions onDemand = new GcOptions(0, 0, 0, Duration.ofDays(1), Duration.ofDays(1));
        this.cas = Cas.open(CasOptions.of(root, bytes, Hashers.best()).withGc(onDemand));
        cas.publishTo((_, topic, _) -> {
            if (topic.startsWith("/snapshot/")) {
                power.accept("recorded, event " + topic);
            }
        });
        SnapshotterOptions options =
                new SnapshotterOptions(snapshotter, sync, 0, LayerQuota.DEFAULT, false, false, true);
        for (List<byte[]> image : IMAGES) {
            for (byte[] tar : image) {
                stored(tar).arrival().close();
            }
        }
        this.service = SnapshotterService.open(
                root,
                cas,
                options,
                StreamProcessors.NONE,
                boot,
                driver -> driver.name().equals(snapshotter) ? new HaltingDriver(driver, power) : driver);
    }

    static Path directories(Path root, String snapshotter) {
        return root.resolve("snapshotters").resolve(snapshotter).resolve("snapshots");
    }

    static List<Digest> diffIds(List<byte[]> image) {
        return image.stream().map(BytesArrival::digestOf).toList();
    }

    static String name(List<byte[]> image) {
        return ChainIds.of(diffIds(image)).getLast();
    }

    Snapshots snapshots() {
        return service.snapshots();
    }

    /// Unpacks an image whose blobs are in the store.
    Unpacking pull(List<byte[]> image) throws IOException {
        List<UnpackLayer> layers = new ArrayList<>();
        for (byte[] tar : image) {
            layers.add(stored(tar));
        }
        return service.images().unpack(new UnpackRequest(NS, snapshotter, layers, NO_LEASE), UnpackListener.NONE);
    }

    private UnpackLayer stored(byte[] tar) throws IOException {
        byte[] blob = Blobs.gzip(tar);
        Descriptor descriptor = new Descriptor(Blobs.GZIP, BytesArrival.digestOf(blob), blob.length);
        ArrivalRequest wanted =
                new ArrivalRequest(descriptor.digest(), OptionalLong.of(blob.length), Provenance.UNKNOWN, "test");
        return new UnpackLayer(
                descriptor, BytesArrival.digestOf(tar), cas.blobs().arriveWith(wanted, ByteBuffer.wrap(blob)));
    }

    List<Mount> prepare(String key, String parent) throws IOException {
        return snapshots().prepare(NS, snapshotter, key, parent, Map.of(), NO_LEASE);
    }

    List<Mount> view(String key, String parent) throws IOException {
        return snapshots().view(NS, snapshotter, key, parent, Map.of(), NO_LEASE);
    }

    void commit(String name, String key) throws IOException {
        snapshots().commit(NS, snapshotter, name, key, Map.of(), "", NO_LEASE);
    }

    /// Of `d` no archive says the time in the end.
    Map<String, String> tree(List<Mount> mounts) throws IOException {
        return Fixture.mounted(root, mounts, at -> Trees.of(at, "d"));
    }

    /// Waits until everything that is finished is recorded as on disk.
    void awaitSynced() {
        Awaitility.await("what is finished is synced")
                .pollInterval(Duration.ofMillis(2))
                .until(() -> numbers("SELECT count(*) FROM snapshot_dir WHERE boot <> '' AND synced = 0")
                                .getFirst()
                        == 0);
    }

    /// Keys of all records that nothing stands on, lost ones too.
    List<String> leaves() throws IOException {
        return texts("SELECT key FROM snapshot s WHERE NOT EXISTS(SELECT 1 FROM snapshot c WHERE c.parent = s.id)");
    }

    List<Long> numbers(String sql) throws IOException {
        return texts(sql).stream().map(Long::parseLong).toList();
    }

    List<String> texts(String sql) throws IOException {
        return cas.metadata().read(c -> {
            List<String> rows = new ArrayList<>();
            try (Statement statement = c.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                while (row.next()) {
                    rows.add(row.getString(1));
                }
            }
            return rows;
        });
    }

    @Override
    public void close() {
        service.close();
        cas.close();
        bytes.shutdownNow();
    }
}
