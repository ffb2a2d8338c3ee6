package io.slipway.snapshotter.overlay;

import io.slipway.snapshotter.btrfs.BtrfsDriver;
import io.slipway.snapshotter.testing.BtrfsImage;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testkit.Manner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/// The same layers give the same trees on btrfs.
@Tag("root")
@Tag("peer")
class BtrfsLayerStackTest extends LayerStackPropertyTest {
    @TempDir
    static Path scratch;

    private static BtrfsImage image;

    @BeforeAll
    static void mount() throws Exception {
        image = new BtrfsImage(scratch);
    }

    @AfterAll
    static void unmount() throws Exception {
        image.close();
    }

    @Override
    Layers layers(Path dir) throws Exception {
        Path root = Files.createTempDirectory(image.root(), "root");
        return new Layers(root, BtrfsDriver.open(root, new AtomicLong()::incrementAndGet), "");
    }

    @Override
    Set<Manner> manners() {
        return Manner.FLAT;
    }
}
