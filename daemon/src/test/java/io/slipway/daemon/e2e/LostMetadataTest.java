package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.LeakGuard;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The metadata is gone or spoiled while a container runs: the daemon starts, the container goes on, is listed and can
/// be stopped, and all images run.
@Tag("root")
@Tag("peer")
final class LostMetadataTest {
    /// A bound for what hangs.
    private static final Duration LIMIT = Duration.ofSeconds(LabProcess.LIMIT_S);

    @TempDir
    Path work;

    @RegisterExtension
    final LeakGuard leaks = new LeakGuard(() -> work);

    enum Loss {
        /// There is a copy from before the second image and its container.
        SPOILED_WITH_OLD_COPY,
        /// Nothing is left but the files.
        GONE_WITH_ITS_COPY
    }

    @ParameterizedTest
    @EnumSource
    void theDaemonStartsTheContainerGoesOnAndAllImagesRun(Loss loss) throws Exception {
        Leaks before = Leaks.now();
        Path home = work.resolve("slipway");
        Path database = home.resolve("root/metadata.db");
        Path copy = home.resolve("root/metadata.db.copy");
        try (LabRegistry registry = LabRegistry.start(work)) {
            String early = registry.push(
                    LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false),
                    "lab/early");
            String late = registry.push(
                    LabImage.build(work.resolve("j"), LabImage.Format.DOCKER, LabImage.Compression.GZIP, false),
                    "lab/late");
            try (PackagedDaemon first = PackagedDaemon.start(home, "--mirror-address", "off")) {
                first.checkSlipway("pull", early);
                assertThat(first.process().stop()).isZero();
            }
            byte[] old = Files.readAllBytes(copy);
            PackagedDaemon second = PackagedDaemon.start(home, "--mirror-address", "off");
            String id = second.checkSlipway(
                            "run",
                            "-d",
                            late,
                            "/bin/sh",
                            "-c",
                            "trap '' TERM; i=0; while :; do i=$((i+1)); echo $i > /count; echo at $i; sleep 0.1; done")
                    .strip();
            Awaitility.await("the container prints")
                    .atMost(LIMIT)
                    .until(() -> second.checkSlipway("logs", id).contains("at 1"));
            Awaitility.await("the image is named")
                    .atMost(LIMIT)
                    .until(() -> Files.readString(home.resolve("root/content/index.json"))
                            .contains("lab/late"));
            second.process().kill();
            Files.deleteIfExists(database.resolveSibling("metadata.db-wal"));
            Files.deleteIfExists(database.resolveSibling("metadata.db-shm"));
            switch (loss) {
                case SPOILED_WITH_OLD_COPY -> {
                    Files.writeString(database, "spoiled");
                    Files.write(copy, old);
                }
                case GONE_WITH_ITS_COPY -> {
                    Files.delete(database);
                    Files.delete(copy);
                }
            }

            try (PackagedDaemon third = PackagedDaemon.start(home, "--mirror-address", "off")) {
                assertThat(third.checkSlipway("ps")).contains(id).contains(late);
                assertThat(third.checkSlipway("images")).contains("lab/early").contains("lab/late");
                long count = third.checkSlipway("logs", id).lines().count();
                Awaitility.await("it goes on")
                        .atMost(LIMIT)
                        .until(() -> third.checkSlipway("logs", id).lines().count() > count);
                assertThat(third.checkSlipway("run", "--rm", early)).isEqualTo("hello from inside\n");
                assertThat(third.checkSlipway("run", "--rm", late)).isEqualTo("hello from inside\n");
                assertThat(third.checkSlipway("fsck", "--deep")).endsWith(" 0 wrong, 0 repaired\n");
                assertThat(reports(home))
                        .singleElement()
                        .satisfies(report -> assertThat(report)
                                .content()
                                .contains("image " + late + " (default)")
                                .contains("container " + id + " (default), as it was when its task was made")
                                .contains("snapshot " + id + " (default, overlayfs)"));
                assertThat(third.process().stop()).isZero();
            }
            try (PackagedDaemon fourth = PackagedDaemon.start(home, "--mirror-address", "off")) {
                assertThat(fourth.checkSlipway("ps")).contains(id);
                fourth.checkSlipway("kill", id);
                Awaitility.await("the container ends")
                        .atMost(LIMIT)
                        .until(() -> fourth.checkSlipway("ps", "-a").contains("exited (137)"));
                fourth.checkSlipway("rm", id);
                before.assertNothingNew();
                assertThat(fourth.checkSlipway("run", "--rm", late)).isEqualTo("hello from inside\n");
                Awaitility.await("what only the container needed is collected")
                        .atMost(LIMIT)
                        .untilAsserted(() -> assertThat(LabProcess.check(
                                        "ctr", "--address", fourth.socket().toString(), "snapshots", "ls"))
                                .doesNotContain("recovered-"));
                assertThat(reports(home)).as("nothing was replaced again").hasSize(1);
                assertThat(fourth.process().stop()).isZero();
            }
        }
    }

    private static List<Path> reports(Path home) throws Exception {
        try (Stream<Path> files = Files.list(home.resolve("root"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("recovered-"))
                    .toList();
        }
    }
}
