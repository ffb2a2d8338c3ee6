package io.slipway.snapshotter.overlay;

import io.slipway.snapshotter.copying.CopyingDriver;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testkit.Manner;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;

/// The same layers give the same trees on the native snapshotter.
@Tag("root")
class CopyingLayerStackTest extends LayerStackPropertyTest {
    @Override
    Layers layers(Path dir) throws Exception {
        return new Layers(dir, CopyingDriver.open(dir, new AtomicLong()::incrementAndGet), "");
    }

    @Override
    Set<Manner> manners() {
        return Manner.FLAT;
    }
}
