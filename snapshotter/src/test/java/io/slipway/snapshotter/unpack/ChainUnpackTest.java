package io.slipway.snapshotter.unpack;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.summingLong;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.ChainIds;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.Unpacking;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("root")
@Timeout(60)
class ChainUnpackTest {
    private static final String NS = "default";

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

    private static byte[] tar(Tar.Item... items) {
        return new Tar().add(items).end();
    }

    private static UnpackRequest request(UnpackLayer... layers) {
        return new UnpackRequest(NS, "", List.of(layers), Optional.empty());
    }

    private Unpacking unpack(UnpackLayer... layers) {
        return fixture.service.images().unpack(request(layers), UnpackListener.NONE);
    }

    private Map<String, String> tree(String top) throws IOException {
        List<Mount> view = fixture.snapshots().view(NS, "overlayfs", "view-" + top, top, Map.of(), Optional.empty());
        return fixture.mounted(view, Trees::of);
    }

    private List<String> committed() throws IOException {
        return fixture.snapshots().list(NS, "overlayfs", List.of("kind==committed")).stream()
                .map(SnapshotInfo::name)
                .toList();
    }

    private Path snapshots() {
        return root.resolve("snapshotters/overlayfs/snapshots");
    }

    private static void refused(ApiException.Code code, ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContainingAll(parts);
    }

    @Test
    void allLayersBecomeAChainNamedByChainId() throws Exception {
        byte[] one = tar(dir("tmp/").mode(01777), file("tmp/f", "1"), file("gone", ""));
        byte[] two = tar(file("tmp/g", "2"), whiteout(".wh.gone"), hardLink("link", "tmp/f"));
        byte[] zstd = Blobs.zstd(two);
        List<String> heard = new CopyOnWriteArrayList<>();
        UnpackListener listener = new UnpackListener() {
            @Override
            public void done(int index, Digest layer, boolean already) {
                heard.add(index + " " + already);
            }
        };
        UnpackLayer upper = Blobs.layer(Blobs.ZSTD, two, BytesArrival.whole(zstd), zstd.length);
        UnpackRequest request = request(Blobs.whole(one), upper);
        String top = fixture.service.images().unpack(request, listener).await();
        List<Digest> diffIds = List.of(BytesArrival.digestOf(one), BytesArrival.digestOf(two));
        assertThat(top).isEqualTo(ChainIds.of(diffIds).getLast());
        assertThat(fixture.service.images().unpacked(NS, "", diffIds)).isTrue();
        assertThat(fixture.service.images().unpacked("other", "", diffIds)).isFalse();
        assertThat(heard).containsExactly("0 false", "1 false");
        Map<String, String> tree = tree(top);
        assertThat(tree.keySet()).containsExactly("link", "tmp", "tmp/f", "tmp/g");
        assertThat(tree.get("tmp")).startsWith("DIRECTORY 1777");
        assertThat(tree.get("tmp/f")).endsWith("same inode as link");
        assertThat(upper.arrival())
                .isInstanceOfSatisfying(
                        BytesArrival.class,
                        arrival -> assertThat(arrival.closed()).isTrue());
    }

    @Test
    void anImageWithoutLayersHasNoTop() throws Exception {
        assertThat(unpack().await()).isEmpty();
    }

    @Test
    void layersAreUnpackedWhileTheyArriveAndCommittedAfterTheVerdict() throws Exception {
        byte[] data = new byte[3 << 20];
        new Random(3).nextBytes(data);
        byte[] one = tar(Tar.item('0', "big").data(data));
        byte[] blob = Blobs.gzip(one);
        BytesArrival arrival = BytesArrival.pending(blob);
        List<Long> progress = new CopyOnWriteArrayList<>();
        UnpackListener listener = new UnpackListener() {
            @Override
            public void progress(int index, Digest layer, long bytes) {
                progress.add(bytes);
            }
        };
        Unpacking unpacking =
                fixture.service.images().unpack(request(Blobs.layer(Blobs.GZIP, one, arrival, blob.length)), listener);
        arrival.land(blob.length / 2);
        Awaitility.await("half of the layer is unpacked before the rest is there")
                .until(() -> progress.stream().anyMatch(bytes -> bytes >= 1 << 20));
        arrival.land(blob.length);
        Awaitility.await("all bytes are unpacked")
                .until(() -> progress.stream().anyMatch(bytes -> bytes == one.length));
        assertThat(committed()).isEmpty();
        arrival.decide(new Verdict.Verified(blob.length));
        unpacking.await();
        assertThat(committed()).hasSize(1);
    }

    @Test
    void aStalledLayerDoesNotHoldUpAnotherImage() throws Exception {
        List<BytesArrival> stalled = new ArrayList<>();
        List<Unpacking> waiting = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            byte[] one = tar(file("f" + i, "x"));
            byte[] blob = Blobs.gzip(one);
            stalled.add(BytesArrival.pending(blob));
            waiting.add(unpack(Blobs.layer(Blobs.GZIP, one, stalled.getLast(), blob.length)));
        }
        assertThat(unpack(Blobs.whole(tar(file("free", "")))).await()).isNotEmpty();
        waiting.forEach(Unpacking::cancel);
    }

    @Test
    void aBadRegistrysLayerHoldsUpNobodyElse() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        BytesArrival bad = BytesArrival.pending(blob).from("bad.test");
        Unpacking stalled = unpack(Blobs.layer(Blobs.GZIP, one, bad, blob.length));
        BytesArrival good = BytesArrival.whole(blob);
        String top = unpack(Blobs.layer(Blobs.GZIP, one, good, blob.length)).await();
        assertThat(committed()).containsExactly(top);
        bad.land(blob.length);
        bad.decide(new Verdict.Verified(blob.length));
        assertThat(stalled.await()).isEqualTo(top);
        assertThat(committed()).containsExactly(top);
        assertThat(snapshots().toFile().list()).hasSize(1);
    }

    @Test
    void aRejectedBlobIsNeverVisible() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        BytesArrival arrival = BytesArrival.pending(blob);
        Unpacking unpacking = unpack(Blobs.layer(Blobs.GZIP, one, arrival, blob.length));
        arrival.land(blob.length);
        arrival.decide(new Verdict.Rejected("digest is sha256:other"));
        refused(ApiException.Code.DATA_LOSS, unpacking::await, arrival.digest().toString(), "sha256:other");
        assertThat(committed()).isEmpty();
        assertThat(snapshots()).isEmptyDirectory();
    }

    @Test
    void aWrongDiffIdNamesBoth() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        Digest claimed = BytesArrival.digestOf(new byte[1]);
        BytesArrival arrival = BytesArrival.whole(blob);
        UnpackLayer layer =
                new UnpackLayer(new Descriptor(Blobs.GZIP, arrival.digest(), blob.length), claimed, arrival);
        refused(
                ApiException.Code.DATA_LOSS,
                unpack(layer)::await,
                claimed.toString(),
                BytesArrival.digestOf(one).toString());
        assertThat(snapshots()).isEmptyDirectory();
    }

    @Test
    void trailingBytesBelongToTheDiffId() throws Exception {
        byte[] tar = new Tar()
                .add(file("f", "x"))
                .raw(new byte[1024])
                .raw(new byte[] {1, 2, 3})
                .bytes();
        assertThat(unpack(Blobs.whole(tar)).await())
                .isEqualTo(BytesArrival.digestOf(tar).toString());
    }

    /// Row 39 of the corpus: what follows the archive is not in the digest that the config names.
    @Test
    void bytesAfterTheArchiveThatTheDiffIdDoesNotCoverAreRefused() throws Exception {
        byte[] known = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(Arrays.copyOf(known, known.length + 3));
        BytesArrival arrival = BytesArrival.whole(blob);
        refused(
                ApiException.Code.DATA_LOSS,
                unpack(Blobs.layer(Blobs.GZIP, known, arrival, blob.length))::await,
                arrival.digest().toString(),
                BytesArrival.digestOf(known).toString());
        assertThat(committed()).isEmpty();
        assertThat(snapshots()).isEmptyDirectory();
    }

    /// Row 45 of the corpus: all files may be there when the damage shows, none may stay.
    @Test
    void aDamagedGzipStreamIsRefusedAfterItsLastFileAndNothingStays() throws Exception {
        byte[] tar = tar(file("f", "x".repeat(200_000)));
        byte[] whole = Blobs.gzip(tar);
        byte[] badSum = whole.clone();
        badSum[badSum.length - 6] ^= 1;
        byte[] garbage = Arrays.copyOf(whole, whole.length + 7);
        Arrays.fill(garbage, whole.length, garbage.length, (byte) 'g');
        for (byte[] blob : List.of(badSum, Arrays.copyOf(whole, whole.length - 5), garbage)) {
            BytesArrival arrival = BytesArrival.whole(blob);
            refused(
                    ApiException.Code.DATA_LOSS,
                    unpack(Blobs.layer(Blobs.GZIP, tar, arrival, blob.length))::await,
                    arrival.digest().toString());
            assertThat(committed()).isEmpty();
            assertThat(snapshots()).isEmptyDirectory();
        }
    }

    @Test
    void aDamagedLayerNamesItselfAndTakesTheImageWithIt() throws Exception {
        UnpackLayer bad = Blobs.whole(tar(hardLink("h", "nowhere")));
        refused(
                ApiException.Code.DATA_LOSS,
                unpack(Blobs.whole(tar(file("f", ""))), bad, Blobs.whole(tar(file("g", ""))))::await,
                bad.descriptor().digest().toString(),
                "entry h");
        assertThat(committed()).hasSize(1);
    }

    @Test
    void aFailedFetchIsPassedOn() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        BytesArrival arrival = BytesArrival.pending(blob);
        Unpacking unpacking = unpack(Blobs.layer(Blobs.GZIP, one, arrival, blob.length));
        arrival.decide(new Verdict.Failed(new IOException("the registry hung up")));
        assertThatThrownBy(unpacking::await).isInstanceOf(IOException.class).hasMessageContaining("hung up");
        assertThat(snapshots()).isEmptyDirectory();
    }

    @Test
    void layersThatAreThereAreSkippedAndTheirArrivalsClosed() throws Exception {
        byte[] one = tar(file("f", "x"));
        String top = unpack(Blobs.whole(one)).await();
        BytesArrival untouched = BytesArrival.pending(Blobs.gzip(one));
        assertThat(unpack(Blobs.layer(Blobs.GZIP, one, untouched, 10)).await()).isEqualTo(top);
        assertThat(untouched.closed()).isTrue();
    }

    @Test
    void twoPullsOfOneLayerShareItsUnpackingAndTheLastToLeaveStopsIt() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        BytesArrival first = BytesArrival.pending(blob);
        BytesArrival second = BytesArrival.pending(blob);
        Unpacking a = unpack(Blobs.layer(Blobs.GZIP, one, first, blob.length));
        Unpacking b = unpack(Blobs.layer(Blobs.GZIP, one, second, blob.length));
        assertThat(second.closed()).isTrue();
        a.cancel();
        assertThat(first.closed()).isFalse();
        first.land(blob.length);
        first.decide(new Verdict.Verified(blob.length));
        assertThat(b.await()).isEqualTo(BytesArrival.digestOf(one).toString());
        refused(ApiException.Code.CANCELLED, a::await, "cancelled");
    }

    @Test
    void cancelRemovesWhatWasStaged() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] blob = Blobs.gzip(one);
        BytesArrival arrival = BytesArrival.pending(blob);
        UnpackLayer layer = Blobs.layer(Blobs.GZIP, one, arrival, blob.length);
        Unpacking unpacking = unpack(layer, Blobs.whole(tar(file("g", ""))));
        Awaitility.await("staged").until(() -> snapshots().toFile().list().length > 0);
        unpacking.cancel();
        refused(ApiException.Code.CANCELLED, unpacking::await, "cancelled");
        assertThat(snapshots()).isEmptyDirectory();
        assertThat(arrival.closed()).isTrue();
        assertThat(committed()).isEmpty();
    }

    @Test
    void anUnknownMediaTypeIsRefusedAtOnceAndArrivalsAreClosed() throws Exception {
        BytesArrival arrival = BytesArrival.whole(new byte[4]);
        UnpackLayer layer = Blobs.layer("application/x-unknown", new byte[4], arrival, 4);
        refused(ApiException.Code.UNIMPLEMENTED, () -> unpack(layer), "application/x-unknown");
        assertThat(arrival.closed()).isTrue();
    }

    @Test
    void manyImagesSharingLayersUnpackEachOnce() throws Exception {
        byte[] base = tar(file("base", "x"));
        List<BytesArrival> arrivals = new ArrayList<>();
        List<Unpacking> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(unpack(pending(base, arrivals), pending(tar(file("top" + i % 5, "")), arrivals)));
        }
        // All of them have asked before the first has a byte.
        arrivals.forEach(arrival -> {
            long size = arrival.size().orElseThrow();
            arrival.land(size);
            arrival.decide(new Verdict.Verified(size));
        });
        for (Unpacking one : all) {
            one.await();
        }
        assertThat(committed()).hasSize(6);
        Map<Digest, Long> inflated =
                arrivals.stream().collect(groupingBy(BytesArrival::digest, summingLong(BytesArrival::taken)));
        Map<Digest, Long> once = new HashMap<>();
        arrivals.forEach(arrival -> once.put(arrival.digest(), arrival.size().orElseThrow()));
        assertThat(once).hasSize(6);
        assertThat(inflated).isEqualTo(once);
    }

    /// A gzip layer of which nothing is there yet.
    private static UnpackLayer pending(byte[] tar, List<BytesArrival> arrivals) throws IOException {
        byte[] blob = Blobs.gzip(tar);
        BytesArrival arrival = BytesArrival.pending(blob);
        arrivals.add(arrival);
        return Blobs.layer(Blobs.GZIP, tar, arrival, blob.length);
    }

    @Test
    void aSnapshotGoneMissingAfterAPowerCutIsUnpackedAgainUnderTheSameName() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] two = tar(file("g", "y"));
        String top = unpack(Blobs.whole(one), Blobs.whole(two)).await();
        Awaitility.await("synced").until(() -> number("SELECT count(*) FROM snapshot_dir WHERE synced = 0") == 0);
        damage("dir = 1");
        assertThat(unpack(Blobs.whole(one), Blobs.whole(two)).await()).isEqualTo(top);
        assertThat(tree(top).keySet()).containsExactly("f", "g");
        assertThat(number("SELECT count(*) FROM snapshot WHERE kind = 3")).isEqualTo(2);
    }

    @Test
    void aDamagedLayerIsUnpackedAgainFromTheStoreBeforeAnybodyMountsIt() throws Exception {
        byte[] one = tar(file("f", "x"));
        byte[] two = tar(file("g", "y"));
        List<UnpackLayer> layers = new ArrayList<>();
        for (byte[] tar : List.of(one, two)) {
            byte[] blob = Blobs.gzip(tar);
            Descriptor descriptor = new Descriptor(Blobs.GZIP, BytesArrival.digestOf(blob), blob.length);
            ArrivalRequest wanted =
                    new ArrivalRequest(descriptor.digest(), OptionalLong.of(blob.length), Provenance.UNKNOWN, "test");
            layers.add(new UnpackLayer(
                    descriptor,
                    BytesArrival.digestOf(tar),
                    fixture.cas.blobs().arriveWith(wanted, ByteBuffer.wrap(blob))));
        }
        String top = unpack(layers.toArray(UnpackLayer[]::new)).await();
        fixture.snapshots().prepare(NS, "overlayfs", "container", top, Map.of(), Optional.empty());
        Awaitility.await("synced").until(() -> number("SELECT count(*) FROM snapshot_dir WHERE synced = 1") == 2);
        damage("dir <= 2");
        List<Mount> mounts = fixture.snapshots().mounts(NS, "overlayfs", "container");
        List<String> seen =
                fixture.mounted(mounts, dir -> List.copyOf(Trees.of(dir).keySet()));
        assertThat(seen).containsExactly("f", "g");
        assertThat(fixture.service
                        .images()
                        .unpacked(NS, "", List.of(BytesArrival.digestOf(one), BytesArrival.digestOf(two))))
                .isTrue();
    }

    @Test
    void aDamagedLayerWhoseBlobIsGoneIsNotMounted() throws Exception {
        byte[] one = tar(file("f", "x"));
        String top = unpack(Blobs.whole(one)).await();
        fixture.snapshots().prepare(NS, "overlayfs", "container", top, Map.of(), Optional.empty());
        Awaitility.await("synced").until(() -> number("SELECT count(*) FROM snapshot_dir WHERE synced = 1") == 1);
        damage("dir = 1");
        refused(
                ApiException.Code.FAILED_PRECONDITION,
                () -> fixture.snapshots().mounts(NS, "overlayfs", "container"),
                top,
                "pull its image");
    }

    /// As if the machine had gone down before these directories were on disk.
    private void damage(String which) throws IOException {
        fixture.cas.metadata().write(c -> {
            try (var update =
                    c.prepareStatement("UPDATE snapshot_dir SET synced = 0, boot = 'another' WHERE " + which)) {
                return update.executeUpdate();
            }
        });
    }

    private long number(String sql) throws IOException {
        return fixture.cas.metadata().read(c -> {
            try (var query = c.prepareStatement(sql);
                    var row = query.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
