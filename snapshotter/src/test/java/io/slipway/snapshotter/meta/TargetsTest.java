package io.slipway.snapshotter.meta;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.snapshotter.ChainIds;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotterOptions;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that say which chain id they are about to unpack are spared what is here already.
@Tag("root")
class TargetsTest {
    private static final String REF = "containerd.io/snapshot.ref";
    private static final String HERE = "here";
    private static final String NODE = "k8s.io";

    private final byte[] lower = new Tar().add(dir("d/"), file("d/one", "1")).end();
    private final byte[] upper = new Tar().add(file("d/two", "2")).end();
    private final List<String> chain = ChainIds.of(List.of(BytesArrival.digestOf(lower), BytesArrival.digestOf(upper)));

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

    private void unpack(String namespace, String snapshotter) throws Exception {
        String lease = fixture.cas
                .leases()
                .create(namespace, Optional.empty(), Map.of())
                .id();
        UnpackRequest request = new UnpackRequest(
                namespace, snapshotter, List.of(Blobs.whole(lower), Blobs.whole(upper)), Optional.of(lease));
        assertThat(fixture.service.images().unpack(request, UnpackListener.NONE).await())
                .isEqualTo(chain.getLast());
    }

    private ThrowingCallable prepare(String snapshotter, String key, String parent, String target) {
        Optional<String> lease = key.startsWith(NODE) ? Optional.of("one of containerd's own") : Optional.empty();
        return () -> fixture.snapshots().prepare(NODE, snapshotter, key, parent, Map.of(REF, target), lease);
    }

    private static void exists(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS));
    }

    /// As containerd looks for what stands for its target.
    private SnapshotInfo found(String snapshotter, String target, String parent) throws Exception {
        String filter = "labels.\"" + REF + "\"==\"" + target + "\",parent==\"" + parent + "\"";
        List<SnapshotInfo> found = fixture.snapshots().list(NODE, snapshotter, List.of(filter));
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().kind()).isEqualTo(SnapshotKind.COMMITTED);
        return found.getFirst();
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void aContainerdIsGivenTheLayersThatAnotherNamespaceUnpacked(String snapshotter) throws Exception {
        unpack(HERE, snapshotter);
        exists(prepare(snapshotter, NODE + "/1/extract-1 a", "", chain.getFirst()));
        String below = found(snapshotter, chain.getFirst(), "").name();
        exists(prepare(snapshotter, NODE + "/2/extract-2 b", below, chain.getLast()));
        String top = found(snapshotter, chain.getLast(), below).name();
        exists(prepare(snapshotter, NODE + "/3/extract-3 b", below, chain.getLast()));
        assertThat(found(snapshotter, chain.getLast(), below).name()).isEqualTo(top);
        var mounts =
                fixture.snapshots().prepare(NODE, snapshotter, NODE + "/4/container", top, Map.of(), Optional.empty());
        Map<String, String> tree = fixture.mounted(mounts, Trees::of);
        assertThat(tree.keySet()).containsExactly("d", "d/one", "d/two");
        fixture.cas.collector().collect();
        assertThat(fixture.snapshots().list(NODE, snapshotter, List.of()))
                .as("what a containerd keeps here is its own to remove")
                .hasSize(3);
    }

    @Test
    void theFilesStayUntilTheLastNamespaceHasLetThemGo() throws Exception {
        unpack(HERE, "overlayfs");
        exists(prepare("overlayfs", NODE + "/1/extract-1 a", "", chain.getFirst()));
        String adopted = found("overlayfs", chain.getFirst(), "").name();
        fixture.snapshots().remove(HERE, "overlayfs", chain.getLast());
        fixture.snapshots().remove(HERE, "overlayfs", chain.getFirst());
        fixture.snapshots().cleanup("overlayfs");
        var mounts = fixture.snapshots().view(NODE, "overlayfs", "v", adopted, Map.of(), Optional.empty());
        Map<String, String> tree = fixture.mounted(mounts, Trees::of);
        assertThat(tree.keySet()).containsExactly("d", "d/one");
    }

    @Test
    void aClientOfOursFindsTheChainIdItself() throws Exception {
        unpack(HERE, "overlayfs");
        exists(prepare("overlayfs", "extract-1", "", chain.getFirst()));
        exists(prepare("overlayfs", "extract-2", chain.getFirst(), chain.getLast()));
        assertThat(fixture.snapshots().stat(NODE, "overlayfs", chain.getLast()).parent())
                .isEqualTo(chain.getFirst());
    }

    @Test
    void whatAnybodyCommittedUnderTheNameOfAChainIdStaysInItsNamespace() throws Exception {
        fixture.snapshots().prepare(HERE, "overlayfs", "k", "", Map.of(), Optional.empty());
        fixture.snapshots()
                .commit(HERE, "overlayfs", chain.getFirst(), "k", Map.of(REF, chain.getFirst()), "", Optional.empty());
        assertThat(fixture.snapshots()
                        .prepare(NODE, "overlayfs", NODE + "/1/x", "", Map.of(REF, chain.getFirst()), Optional.empty()))
                .hasSize(1);
    }

    @Test
    void aTargetOverAnotherParentIsUnpackedAgain() throws Exception {
        unpack(HERE, "overlayfs");
        fixture.snapshots().prepare(NODE, "overlayfs", "k", "", Map.of(), Optional.empty());
        fixture.snapshots().commit(NODE, "overlayfs", NODE + "/1/other", "k", Map.of(), "", Optional.empty());
        assertThat(fixture.snapshots()
                        .prepare(
                                NODE,
                                "overlayfs",
                                NODE + "/2/x",
                                NODE + "/1/other",
                                Map.of(REF, chain.getLast()),
                                Optional.empty()))
                .hasSize(1);
    }

    @Test
    void isolatedNamespacesShareNothing(@TempDir Path other) throws Exception {
        fixture.close();
        fixture = new Fixture(
                other,
                new SnapshotterOptions(
                        "overlayfs", SnapshotterOptions.Sync.BACKGROUND, 0, LayerQuota.DEFAULT, false, false, false));
        unpack(HERE, "overlayfs");
        assertThat(fixture.snapshots()
                        .prepare(NODE, "overlayfs", NODE + "/1/x", "", Map.of(REF, chain.getFirst()), Optional.empty()))
                .hasSize(1);
    }
}
