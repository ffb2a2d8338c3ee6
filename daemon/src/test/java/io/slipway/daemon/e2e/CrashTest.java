package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabProxy;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import io.slipway.puller.Puller;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` of the daemon at the two moments that hurt: in the middle of a pull, and with a container running.
@Tag("root")
@Tag("peer")
final class CrashTest {
    /// Far more than what may be asked for twice.
    private static final int LARGE_BYTES = 160 << 20;

    private static final int HELD_AT_BYTES = 120 << 20;

    @TempDir
    Path work;

    @Test
    void aContainerOutlivesTheDaemonAndTheNextOneFindsIt() throws Exception {
        Leaks before = Leaks.now();
        Path home = work.resolve("slipway");
        try (LabRegistry registry = LabRegistry.start(work)) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/long");
            PackagedDaemon first = PackagedDaemon.start(home, "--mirror-address", "off");
            String id = first.checkSlipway(
                            "run",
                            "-d",
                            reference,
                            "/bin/sh",
                            "-c",
                            "trap 'exit 7' TERM; echo started; while :; do sleep 1; done")
                    .strip();
            assertThat(id).matches("[A-Za-z0-9][A-Za-z0-9._-]*");
            Awaitility.await("the container prints")
                    .until(() -> first.checkSlipway("logs", id).contains("started"));
            first.process().kill();
            try (PackagedDaemon second = PackagedDaemon.start(home, "--mirror-address", "off")) {
                assertThat(second.checkSlipway("ps")).contains(id);
                assertThat(second.checkSlipway("logs", id)).contains("started");
                second.checkSlipway("kill", id);
                Awaitility.await("the container stops")
                        .until(() -> !second.checkSlipway("ps").contains(id));
                assertThat(second.checkSlipway("ps", "-a")).contains(id);
                second.checkSlipway("rm", id);
                assertThat(second.checkSlipway("ps", "-a")).doesNotContain(id);
                before.assertNothingNew();
                assertThat(filesBelow(home.resolve("state/io.containerd.runtime.v2.task")))
                        .isEmpty();
                assertThat(filesBelow(home.resolve("root/logs"))).isEmpty();
                assertThat(second.process().stop()).isZero();
            }
        }
        before.assertNothingNew();
    }

    @Test
    void aPullKilledMidwayIsContinuedWithoutAskingForWhatIsThere() throws Exception {
        Path home = work.resolve("slipway");
        try (LabRegistry registry = LabRegistry.start(work);
                LabProxy proxy = LabProxy.start(registry.host())) {
            LabImage image = LabImage.large(work.resolve("i"), LARGE_BYTES);
            registry.push(image, "lab/killed");
            String reference = proxy.host() + "/lab/killed:" + image.tag();
            PackagedDaemon first = PackagedDaemon.start(home, "--mirror-address", "off");
            proxy.holdAfter(HELD_AT_BYTES);
            try (LabProcess pull =
                    LabProcess.start(work.resolve("pull.log"), Map.of(), first.commandLine("pull", reference))) {
                proxy.awaitHeld();
                first.process().kill();
                assertThat(pull.awaitExit()).isEqualTo(5);
            }
            proxy.release();
            Awaitility.await("requests of the killed daemon have ended").until(() -> proxy.openBodies() == 0);
            List<LabProxy.Seen> beforeKill = proxy.seen();
            try (PackagedDaemon second = PackagedDaemon.start(home, "--mirror-address", "off")) {
                second.checkSlipway("pull", reference);
                assertThat(second.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
                assertThat(second.ingests()).isEmpty();
                List<LabProxy.Seen> all = proxy.seen();
                assertNothingTwice(beforeKill, all.subList(beforeKill.size(), all.size()));
            }
        }
    }

    /// What was delivered before the kill is asked for again only inside the window that was in flight for each range
    /// that was open, and no blob has more of those open than it has connections.
    private static void assertNothingTwice(List<LabProxy.Seen> before, List<LabProxy.Seen> after) {
        long twice = 0;
        for (LabProxy.Seen old : before) {
            if (old.blob().isEmpty()) {
                continue;
            }
            long again = after.stream()
                    .filter(seen -> seen.blob().equals(old.blob()))
                    .mapToLong(seen -> Math.max(
                            0,
                            Math.min(old.from() + old.delivered(), seen.from() + seen.delivered())
                                    - Math.max(old.from(), seen.from())))
                    .sum();
            assertThat(again)
                    .as("bytes of one range of " + old.blob() + " asked for twice")
                    .isLessThanOrEqualTo(Puller.IN_FLIGHT_WINDOW_BYTES);
            twice += again;
        }
        long open = before.stream().filter(seen -> seen.interrupted()).count();
        assertThat(open).as("ranges open at the kill").isPositive();
        assertThat(twice)
                .as("bytes asked for twice, with " + open + " ranges open at the kill")
                .isLessThanOrEqualTo(open * Puller.IN_FLIGHT_WINDOW_BYTES)
                .isLessThan(HELD_AT_BYTES / 2);
    }

    private static List<Path> filesBelow(Path directory) throws Exception {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (var files = Files.walk(directory)) {
            return files.filter(file -> !Files.isDirectory(file)).toList();
        }
    }
}
