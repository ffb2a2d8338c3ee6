package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.CtrScript;
import io.slipway.daemon.lab.CtrScript.Expected;
import io.slipway.daemon.lab.CtrScript.Outcome;
import io.slipway.daemon.lab.CtrScript.Side;
import io.slipway.daemon.lab.CtrScript.Step;
import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's `ctr` against Slipway and against Debian's containerd, step by step: the same exit code, the same output
/// and
/// the same kind of error. The scripts are `src/test/resources/ctr/*.txt`.
@Tag("root")
@Tag("peer")
final class CtrDifferentialTest {
    @TempDir
    Path work;

    @ParameterizedTest
    @ValueSource(strings = {"content", "images", "leases", "namespaces", "registry", "resume"})
    void slipwayAnswersAsContainerdDoes(String name) throws Exception {
        CtrScript script = CtrScript.named(name);
        assertThat(script.steps()).isNotEmpty();
        Path config = work.resolve("slipway.toml");
        // As the containerd beside it: collected is when something is removed, not by time.
        Files.writeString(config, "version = 3\n[gc]\nmutation_threshold = 1000000\nstartup_delay = \"1h\"\n");
        try (LabRegistry ours = LabRegistry.start(Files.createDirectory(work.resolve("r1")));
                LabRegistry theirs = LabRegistry.start(Files.createDirectory(work.resolve("r2")));
                LabContainerd containerd = LabContainerd.start(work, work);
                PackagedDaemon daemon = PackagedDaemon.start(
                        work.resolve("slipway"), "--config", config.toString(), "--mirror-address", "off")) {
            Side left = new Side(work.resolve("left"), daemon.socket(), ours.host(), name);
            Side right = new Side(work.resolve("right"), containerd.socket(), theirs.host(), name);
            SoftAssertions softly = new SoftAssertions();
            for (Step step : script.steps()) {
                compare(softly, step, left.run(step), right.run(step));
            }
            softly.assertAll();
        }
    }

    private static void compare(SoftAssertions softly, Step step, Outcome slipway, Outcome containerd) {
        String what = step.command() + "\nslipway:    " + slipway + "\ncontainerd: " + containerd + "\n";
        if (step.expected() == Expected.REFUSED_BY_SLIPWAY) {
            softly.assertThat(containerd.exit()).as(what).isZero();
            softly.assertThat(slipway.kind()).as(what).isEqualTo("invalid argument");
        } else {
            softly.assertThat(containerd.exit() == 0).as(what).isEqualTo(step.expected() == Expected.SUCCESS);
            softly.assertThat(slipway.isLike(containerd)).as(what).isTrue();
        }
    }
}
