package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.testing.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged layers, seeded, on the whole way from blob to tree (see [LayerFuzz]): a minute, with
/// `-Dslipway.nightly=true` half an hour, or `-Dslipway.fuzz.seconds`. `-Dslipway.seed` begins where a printed seed
/// says. Inputs that once were findings, or are interesting otherwise, lie in `src/test/resources/.../corpus`.
@Tag("root")
class LayerFuzzTest {
    private static final long SECONDS =
            Long.getLong("slipway.fuzz.seconds", Boolean.getBoolean("slipway.nightly") ? 1800 : 60);

    @TempDir
    Path root;

    @Test
    void damagedLayersStayInsideAndAreRefusedInOrder() throws Exception {
        // A build says the same of the same code; the long runs look for what is new.
        long seed = Long.getLong("slipway.seed", Boolean.getBoolean("slipway.nightly") ? System.nanoTime() : 1);
        Path corpus = Path.of(Objects.requireNonNull(LayerFuzzTest.class.getResource("corpus"))
                .toURI());
        Path findings = Path.of("target/fuzz-findings").toAbsolutePath();
        Path store = Files.createDirectory(root.resolve("fuzz"));
        Mounts.system().mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of("size=512m"))), store);
        try {
            ChildJvm.Result result = ChildJvm.run(
                    LayerFuzz.class,
                    SECONDS + 300,
                    store.toString(),
                    Long.toString(seed),
                    Long.toString(SECONDS),
                    corpus.toString(),
                    findings.toString());
            assertThat(result.exit()).as(result.output()).isZero();
            System.out.println(result.output());
        } finally {
            Mounts.system().unmount(store);
        }
    }
}
