package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.Snapshots;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.GrpcPeer;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/// The contract as a client of containerd's API sees it, on a running server with overlayfs behind.
@Tag("root")
class GrpcSnapshotterTest extends SnapshotterContract {
    @TempDir
    Path root;

    private Fixture fixture;
    private GrpcPeer peer;

    @BeforeEach
    void open() throws Exception {
        fixture = new Fixture(root);
        peer = new GrpcPeer(fixture.service::bind);
    }

    @AfterEach
    void close() throws Exception {
        peer.close();
        fixture.close();
    }

    @Override
    Fixture fixture() {
        return fixture;
    }

    @Override
    Snapshots asked() {
        return new SnapshotsClient(peer);
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
}
