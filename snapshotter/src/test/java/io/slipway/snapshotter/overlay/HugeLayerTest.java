package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.testing.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rows 43 and 44 of the hostile corpus: whatever a layer's size, applying it fits the heap of the daemon
/// (`daemon/src/main/sh/jvm.sh`), or it is refused. `-Dslipway.nightly=true` makes the numbers fifty times as large.
@Tag("root")
class HugeLayerTest {
    private static final long HANG_SECONDS = 1200;

    /// What the daemon is to have at most while it unpacks.
    private static final long PEAK_KIB_MAX = 256 << 10;

    @TempDir
    Path root;

    @Test
    void everyHugeLayerFitsTheDaemonsHeapOrIsRefused() throws Exception {
        boolean nightly = Boolean.getBoolean("slipway.nightly");
        Path store = Files.createDirectory(root.resolve("store"));
        if (nightly) {
            fits(store, "50");
            return;
        }
        // In memory: making and removing many files again and again is what ext4 is slow at.
        Mounts.system().mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of("size=512m"))), store);
        try {
            fits(store, "1");
        } finally {
            Mounts.system().unmount(store);
        }
    }

    private void fits(Path store, String scale) throws Exception {
        ChildJvm.Result result = ChildJvm.run(HugeLayers.class, HANG_SECONDS, store.toString(), scale);
        String said = result.output();
        assertThat(result.exit()).as(said).isZero();
        Matcher peak = Pattern.compile("VmHWM:\\s+(\\d+) kB").matcher(said);
        assertThat(peak.find()).as(said).isTrue();
        assertThat(Long.parseLong(peak.group(1))).as(said).isLessThan(PEAK_KIB_MAX);
    }
}
