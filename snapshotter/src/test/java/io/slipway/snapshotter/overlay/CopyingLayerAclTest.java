package io.slipway.snapshotter.overlay;

import io.slipway.snapshotter.copying.CopyingDriver;
import io.slipway.snapshotter.testing.Layers;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;

/// Access control lists on that driver.
@Tag("root")
class CopyingLayerAclTest extends LayerAclTest {
    @Override
    Layers layers(Path dir) throws Exception {
        return new Layers(dir, CopyingDriver.open(dir, new AtomicLong()::incrementAndGet), "");
    }
}
