package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.snapshotter.testing.ChildJvm;
import io.slipway.snapshotter.testing.InUserNamespace;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
class UserNamespaceSnapshotterTest {
    @Test
    void theContractHoldsInsideAUserNamespace() throws Exception {
        ChildJvm.Result inside = InUserNamespace.run(300, SnapshotterInUserNamespace.class);
        assertThat(inside.output()).containsPattern("\\n[2-9]\\d passed, 0 failed\\n");
        assertThat(inside.exit()).isZero();
    }
}
