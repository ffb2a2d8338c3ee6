package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabProxy;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.LeakGuard;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import io.slipway.puller.Puller;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
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

    @RegisterExtension
    final LeakGuard leaks = new LeakGuard(() -> work);

    @Test
    void containersOutliveTheDaemonAndTheNextOneFindsThem() throws Exception {
        Leaks before = Leaks.now();
        Path home = work.resolve("slipway");
        try (LabRegistry registry = LabRegistry.start(work)) {
            LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
            String reference = registry.push(image, "lab/long");
            PackagedDaemon first = PackagedDaemon.start(home, "--mirror-address", "off");
            first.checkSlipway("pull", reference);
            Set<String> snapshots = snapshots(first);
            assertThat(snapshots).hasSameSizeAs(image.layers());
            Set<String> directories = snapshotDirectories(home);
            String polite = runUntilItPrints(first, reference, "trap 'exit 7' TERM; ");
            String deaf = runUntilItPrints(first, reference, "trap '' TERM; ");
            first.process().kill();
            try (PackagedDaemon second = PackagedDaemon.start(home, "--mirror-address", "off")) {
                assertThat(second.checkSlipway("ps")).contains(polite).contains(deaf);
                assertThat(second.checkSlipway("logs", polite)).contains("started");
                second.checkSlipway("kill", "-s", "TERM", polite, deaf);
                awaitExited(second, polite, 7);
                assertThat(second.checkSlipway("ps")).as("ignores TERM").contains(deaf);
                second.checkSlipway("kill", deaf);
                awaitExited(second, deaf, 128 + 9);
                second.checkSlipway("rm", polite, deaf);
                assertThat(second.checkSlipway("ps", "-a"))
                        .doesNotContain(polite)
                        .doesNotContain(deaf);

                before.assertNothingNew();
                assertThat(snapshots(second)).isEqualTo(snapshots);
                Awaitility.await("directories of removed snapshots are gone")
                        .untilAsserted(
                                () -> assertThat(snapshotDirectories(home)).isEqualTo(directories));
                for (String place : List.of(
                        "state/io.containerd.runtime.v2.task",
                        "state/runc",
                        "state/cli",
                        "root/logs",
                        "root/tmp",
                        "root/content/ingest")) {
                    assertThat(filesBelow(home.resolve(place))).as(place).isEmpty();
                }
                assertThat(Leaks.fifosBelow(home.resolve("state"))).isEmpty();
                assertThat(second.process().stop()).isZero();
            }
            assertThat(Leaks.fifosBelow(home.resolve("state"))).isEmpty();
        }
    }

    private static String runUntilItPrints(PackagedDaemon daemon, String reference, String trap) throws Exception {
        String script = trap + "echo started; while :; do sleep 1; done";
        String id = daemon.checkSlipway("run", "-d", reference, "/bin/sh", "-c", script)
                .strip();
        assertThat(id).matches("[A-Za-z0-9][A-Za-z0-9._-]*");
        Awaitility.await("the container prints")
                .until(() -> daemon.checkSlipway("logs", id).contains("started"));
        return id;
    }

    private static void awaitExited(PackagedDaemon daemon, String id, int status) {
        Awaitility.await("the container ends")
                .untilAsserted(() -> assertThat(daemon.checkSlipway("ps", "-a").lines())
                        .filteredOn(line -> line.startsWith(id))
                        .singleElement()
                        .asString()
                        .contains("exited (" + status + ")"));
    }

    /// Rows of the store, as containerd's client sees them.
    private static Set<String> snapshots(PackagedDaemon daemon) throws Exception {
        return LabProcess.check("ctr", "--address", daemon.socket().toString(), "snapshots", "ls")
                .lines()
                .skip(1)
                .map(line -> line.split("\\s", 2)[0])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> snapshotDirectories(Path home) throws Exception {
        try (Stream<Path> directories = Files.list(home.resolve("root/snapshotters/overlayfs/snapshots"))) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .collect(Collectors.toSet());
        }
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
                assertThat(filesBelow(home.resolve("root/tmp"))).isEmpty();
                assertThat(snapshots(second)).hasSameSizeAs(image.layers());
                Awaitility.await("one directory for each layer")
                        .untilAsserted(
                                () -> assertThat(snapshotDirectories(home)).hasSameSizeAs(image.layers()));
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
