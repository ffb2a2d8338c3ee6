package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("root")
class OverlayDriverTest {
    @TempDir
    Path root;

    private OverlayDriver driver;

    @BeforeEach
    void open() throws Exception {
        driver = OverlayDriver.open(root, new AtomicLong()::incrementAndGet, false, false);
        try (SnapshotDriver.Staged layer = driver.stage(SnapshotKind.COMMITTED, List.of())) {
            layer.publish(1);
        }
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void layersMadeInAUserNamespaceAreNotReadOutsideOfOne() throws Exception {
        driver.close();
        Path mark = Files.createFile(root.resolve("snapshotters/overlayfs/userxattr"));
        assertThatThrownBy(() -> OverlayDriver.open(root, () -> 1, false, false))
                .hasMessageContaining("inside a user namespace")
                .hasMessageContaining("another root directory");
        Files.delete(mark);
        driver = OverlayDriver.open(root, () -> 1, false, false);
    }

    @Test
    void anEmptyDirectoryTakesAnyForm() throws Exception {
        var _ = driver.cleanup(Set.of()).run();
        driver.close();
        Path mark = Files.createFile(root.resolve("snapshotters/overlayfs/userxattr"));
        driver = OverlayDriver.open(root, () -> 1, false, false);
        assertThat(mark).doesNotExist();
    }

    private static List<Long> parents(int count) {
        return Collections.nCopies(count, 1L);
    }

    @Test
    void moreLayersThanOverlayfsTakesAreRefusedBeforeAnythingIsMade() throws Exception {
        for (SnapshotKind kind : List.of(SnapshotKind.ACTIVE, SnapshotKind.VIEW)) {
            driver.stage(kind, parents(500)).close();
            assertThatThrownBy(() -> driver.stage(kind, parents(501)))
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.code()).isEqualTo(ApiException.Code.FAILED_PRECONDITION))
                    .hasMessageContaining("501 layers")
                    .hasMessageContaining("500");
        }
        assertThat(root.resolve("snapshotters/overlayfs/snapshots").toFile().list())
                .containsExactly("1");
    }
}
