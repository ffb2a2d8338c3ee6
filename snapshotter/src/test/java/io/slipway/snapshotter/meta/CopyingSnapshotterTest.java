package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Mount;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Trees;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The contract on the native snapshotter, and what only it promises.
@Tag("root")
class CopyingSnapshotterTest extends SnapshotterContract {
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
        return "native";
    }

    @Override
    Set<Capability> capabilities() {
        return Set.of(Capability.COPIES);
    }

    private String dir(int number) {
        return root.resolve("snapshotters/native/snapshots/" + number).toString();
    }

    @Test
    void mountsAreContainerdsToTheLetter() throws Exception {
        assertThat(fixture.snapshots().prepare(NS, "native", "a", "", Map.of(), NO_LEASE))
                .containsExactly(new Mount("bind", dir(1), "", List.of("rw", "rbind")));
        assertThat(fixture.snapshots().view(NS, "native", "v", "", Map.of(), NO_LEASE))
                .containsExactly(new Mount("bind", dir(2), "", List.of("ro", "rbind")));
        fixture.snapshots().commit(NS, "native", "one", "a", Map.of(), "", NO_LEASE);
        assertThat(fixture.snapshots().view(NS, "native", "w", "one", Map.of(), NO_LEASE))
                .containsExactly(new Mount("bind", dir(1), "", List.of("ro", "rbind")));
        assertThat(fixture.snapshots().prepare(NS, "native", "b", "one", Map.of(), NO_LEASE))
                .containsExactly(new Mount("bind", dir(4), "", List.of("rw", "rbind")));
    }

    @Test
    void aCopyIsWhatItWasCopiedFrom() throws Exception {
        List<Mount> mounts = fixture.snapshots().prepare(NS, "native", "a", "", Map.of(), NO_LEASE);
        Map<String, String> before = fixture.mounted(mounts, SampleTree::in);
        fixture.snapshots().commit(NS, "native", "one", "a", Map.of(), "", NO_LEASE);
        List<Mount> copy = fixture.snapshots().prepare(NS, "native", "b", "one", Map.of(), NO_LEASE);
        Map<String, String> copied = fixture.mounted(copy, Trees::of);
        assertThat(copied).isEqualTo(before);
        assertThat(fixture.snapshots().usage(NS, "native", "b").sizeBytes()).isLessThan(4L << 20);
    }
}
