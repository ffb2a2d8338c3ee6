package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Mount;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotterState;
import io.slipway.snapshotter.testing.Fixture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The contract on overlayfs inside a user namespace, where [UserNamespaceSnapshotterTest] runs it.
class SnapshotterInUserNamespace extends SnapshotterContract {
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
        return Set.of(Capability.REBASE, Capability.LOWER_DIRECTORIES_STAY, Capability.ONLY_REMAP_IDS);
    }

    @Test
    void mountsSayThatTheirAttributesAreTheUsers() throws Exception {
        var _ = fixture.snapshots().prepare(NS, "overlayfs", "a", "", Map.of(), NO_LEASE);
        fixture.snapshots().commit(NS, "overlayfs", "one", "a", Map.of(), "", NO_LEASE);
        List<Mount> mounts = fixture.snapshots().prepare(NS, "overlayfs", "b", "one", Map.of(), NO_LEASE);
        assertThat(mounts.getFirst().options())
                .contains("userxattr")
                .noneMatch(option -> option.startsWith("metacopy") || option.startsWith("redirect_dir"));
    }

    @Test
    void whatTheDriverCanIsTold() {
        assertThat(fixture.service.states())
                .filteredOn(state -> state.name().equals("overlayfs"))
                .singleElement()
                .extracting(SnapshotterState::capabilities)
                .isEqualTo(List.of("rebase", "only-remap-ids"));
    }
}
