package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.snapshotter.testing.ChildJvm;
import io.slipway.snapshotter.testing.InUserNamespace;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The same layers give the same trees inside a user namespace, but for what can't be there.
@Tag("root")
class UserNamespaceLayersTest {
    private static void pass(String passed, Class<?>... tests) throws Exception {
        ChildJvm.Result inside = InUserNamespace.run(300, tests);
        assertThat(inside.output()).containsPattern("\\n" + passed + " passed, 0 failed\\n");
        assertThat(inside.exit()).isZero();
    }

    @Test
    void onOverlayfs() throws Exception {
        pass("[2-9]\\d", LayersInUserNamespace.class, LayerTreeTest.class, LayerStackPropertyTest.class);
    }

    @Test
    void onTheNativeSnapshotter() throws Exception {
        pass("[2-9]\\d", CopyingLayerTreeTest.class, CopyingLayerStackTest.class);
    }
}
