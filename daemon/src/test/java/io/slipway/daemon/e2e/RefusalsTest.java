package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What goes wrong says so in one line, with the exit code of its kind, and leaves nothing behind.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RefusalsTest {
    private Path work;
    private LabRegistry registry;
    private LabRegistry locked;
    private PackagedDaemon daemon;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        work = temporary;
        registry = LabRegistry.start(Files.createDirectory(work.resolve("open")));
        locked = LabRegistry.startWithPassword(Files.createDirectory(work.resolve("locked")), "lab", "secret");
        daemon = PackagedDaemon.start(work.resolve("slipway"));
    }

    @AfterAll
    void stop() {
        daemon.close();
        registry.close();
        locked.close();
    }

    @Test
    void anUnknownImageIsThree() throws Exception {
        assertRefused(3, registry.host() + "/lab/nothing:here", "lab/nothing");
    }

    @Test
    void aRefusalIsFourAndTheRightPasswordOpens() throws Exception {
        LabImage image = LabImage.build(work.resolve("i1"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
        String reference = locked.push(image, "lab/private", "--dest-creds=lab:secret");
        assertRefused(4, reference, locked.host());
        LabProcess.Result wrong = daemon.slipway("pull", "--user", "lab:wrong", reference);
        assertThat(wrong.exit()).as(wrong.output()).isEqualTo(4);
        assertThat(wrong.output()).doesNotContain("wrong:").doesNotContain("lab:wrong");
        daemon.checkSlipway("pull", "--user", "lab:secret", reference);
        assertThat(daemon.process().log()).doesNotContain("secret");
    }

    @Test
    void anUnreachableRegistryIsFive() throws Exception {
        int nobody = LabProcess.freePort();
        assertRefused(5, "127.0.0.1:" + nobody + "/lab/image:1", "127.0.0.1:" + nobody);
    }

    @Test
    void aMalformedReferenceIsTwo() throws Exception {
        // Not UPPER/case: with Docker's rule a first part in capitals is a host.
        assertRefused(2, registry.host() + "/lab/UPPER:tag", "lab/UPPER");
    }

    @Test
    void aDaemonThatIsNotThereIsFive() throws Exception {
        LabProcess.Result result = LabProcess.run(
                Map.of(),
                List.of(
                        PackagedDaemon.distribution().resolve("bin/slipway").toString(),
                        "--address",
                        work.resolve("nobody.sock").toString(),
                        "images"));
        assertThat(result.exit()).as(result.output()).isEqualTo(5);
        assertThat(result.stderr()).hasLineCount(1).contains("nobody.sock");
    }

    @Test
    void aMirrorPortInUseIsThree() throws Exception {
        assertPortInUse(daemon.mirror(), "--mirror-address", daemon.mirror(), "--metrics-address", "off");
    }

    @Test
    void aMetricsPortInUseIsThree() throws Exception {
        String address = daemon.metrics().substring("http://".length());
        assertPortInUse(address, "--mirror-address", "off", "--metrics-address", address);
    }

    /// One line, code 3, and a root and a state that the next start takes over.
    private void assertPortInUse(String address, String... flags) throws Exception {
        Path home = Files.createTempDirectory(work, "second-");
        List<String> command = new ArrayList<>(List.of(
                PackagedDaemon.distribution().resolve("bin/slipwayd").toString(),
                "--root",
                home.resolve("root").toString(),
                "--state",
                home.resolve("state").toString()));
        command.addAll(List.of(flags));

        LabProcess.Result refused = LabProcess.run(Map.of(), command);

        assertThat(refused.exit()).as(refused.output()).isEqualTo(3);
        assertThat(refused.stderr().lines())
                .singleElement()
                .asString()
                .startsWith("slipwayd: ")
                .contains(address)
                .contains("; ");
        assertThat(refused.stdout()).isEmpty();
        assertThat(home.resolve("state")).isDirectoryNotContaining(file -> !file.endsWith("lock"));
        for (String place : List.of("tmp", "content/ingest", "content/blobs", "snapshotters")) {
            assertThat(filesBelow(home.resolve("root").resolve(place)))
                    .as(place)
                    .isEmpty();
        }
        try (PackagedDaemon next = PackagedDaemon.start(home)) {
            assertThat(next.process().stop()).isZero();
        }
    }

    private static List<Path> filesBelow(Path directory) throws Exception {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> !Files.isDirectory(file)).toList();
        }
    }

    private LabProcess.Result assertRefused(int exit, String reference, String named) throws Exception {
        LabProcess.Result result = daemon.slipway("pull", reference);
        assertThat(result.exit()).as(result.output()).isEqualTo(exit);
        assertThat(result.stderr().lines().filter(line -> line.startsWith("slipway: pull ")))
                .as("one line on standard error: " + result.stderr())
                .hasSize(1)
                .first()
                .asString()
                .contains(named)
                .contains("; ");
        assertThat(result.stdout()).isEmpty();
        Awaitility.await("other layers of a pull that failed have landed")
                .untilAsserted(() -> assertThat(daemon.ingests()).isEmpty());
        return result;
    }
}
