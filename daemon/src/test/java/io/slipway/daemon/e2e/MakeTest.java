package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LeakGuard;
import io.slipway.daemon.lab.Leaks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// The commands that the README promises, as a person types them in the checkout.
@Tag("root")
@Tag("peer")
final class MakeTest {
    private static final Path CHECKOUT =
            Path.of(System.getProperty("slipway.repo", "..")).toAbsolutePath().normalize();

    private static final Path DEMO_PARENT = Path.of("/var/tmp");

    @TempDir
    Path work;

    @RegisterExtension
    final LeakGuard leaks = new LeakGuard(() -> work);

    @Test
    void runStartsTheDaemonSaysWhereThingsAreAndStopsInOrder() throws Exception {
        try (LabProcess make = makeRun()) {
            JsonNode ready = ready(make);
            String address = ready.get("address").asText();
            String mirror = ready.get("mirror").get(0).asText();
            String metrics = ready.get("metrics").asText();

            String said = make.log();
            assertThat(said)
                    .contains("\nsocket   " + address + "\n")
                    .contains("\nmirror   " + mirror + "\n")
                    .contains("skopeo inspect --tls-verify=false docker://" + mirror + "/")
                    .contains("\nmetrics  http://" + metrics + "/v1/metrics\n");
            String pull = lineToTry(said, " pull docker.io/");
            assertThat(LabProcess.check(command(pull.substring(0, pull.indexOf(" pull ")) + " version")))
                    .contains("server");
            assertThat(LabProcess.check(command(lineToTry(said, "curl ")))).isNotEmpty();

            LabProcess.check("kill", "-TERM", ready.get("pid").asText());
            assertThat(make.awaitExit()).as(make.log()).isZero();
            assertThat(make.log()).contains("Stopped.");
            assertThat(work.resolve("state")).isDirectoryNotContaining(file -> !file.endsWith("lock"));
        }
    }

    /// What ^C does: the whole foreground group hears it, and make itself waits for the daemon.
    @Test
    void theDaemonStopsInOrderWhenMakeIsEnded() throws Exception {
        try (LabProcess make = makeRun()) {
            long daemon = ready(make).get("pid").asLong();
            make.stop();
            assertThat(ProcessHandle.of(daemon)).isEmpty();
            assertThat(make.log()).contains("Stopped.");
            assertThat(work.resolve("state/ready.json")).doesNotExist();
        }
    }

    @Test
    void distPacksTheSameTree() throws Exception {
        LabProcess.check("make", "-s", "-C", CHECKOUT.toString(), "dist");
        Path unpacked = Files.createDirectory(work.resolve("unpacked"));
        LabProcess.check("tar", "-xf", CHECKOUT.resolve("dist/slipway.tar.gz").toString(), "-C", unpacked.toString());
        LabProcess.check(
                "diff",
                "-r",
                "--exclude=.built",
                CHECKOUT.resolve("dist/slipway").toString(),
                unpacked.resolve("slipway").toString());
        assertThat(LabProcess.check(unpacked.resolve("slipway/bin/slipwayd").toString(), "--version"))
                .startsWith("slipwayd ");
    }

    @Test
    void demoShowsEveryStepWithItsTimeAndLeavesNothing() throws Exception {
        Leaks before = Leaks.now();
        Set<Path> directories = demoDirectories();

        LabProcess.Result demo = LabProcess.run(Map.of(), List.of("make", "-s", "-C", CHECKOUT.toString(), "demo"));

        assertThat(demo.exit()).as(demo.output()).isZero();
        List<String> lines = demo.stdout().lines().toList();
        List<String> steps =
                lines.stream().filter(line -> line.matches("[0-9]+\\. .*")).toList();
        assertThat(steps).hasSize(7);
        assertThat(lines.stream().filter(line -> line.matches(" +[0-9]+ ms"))).hasSameSizeAs(steps);
        assertThat(demo.stdout())
                .contains("    | hello from a container of Slipway's\n")
                .contains("    | hello from a container of containerd's\n")
                .containsPattern("the mirror answered [1-9][0-9]* requests");
        assertThat(demo.stderr()).isEmpty();
        before.assertNothingNew();
        assertThat(demoDirectories()).isEqualTo(directories);
        assertThat(ProcessHandle.allProcesses()
                        .map(process -> process.info().commandLine().orElse(""))
                        .filter(line -> line.contains(DEMO_PARENT + "/slipway-demo.")))
                .isEmpty();
    }

    private LabProcess makeRun() throws Exception {
        String args = "--root %1$s/root --state %1$s/state --mirror-address 127.0.0.1:0 --metrics-address 127.0.0.1:0"
                .formatted(work);
        return LabProcess.start(
                work.resolve("log"), Map.of(), List.of("make", "-s", "-C", CHECKOUT.toString(), "run", "ARGS=" + args));
    }

    private JsonNode ready(LabProcess make) throws Exception {
        Path file = work.resolve("state/ready.json");
        make.awaitReady("make run", () -> Files.exists(file) && make.log().contains("/readyz\n"));
        return new ObjectMapper().readTree(file.toFile());
    }

    private static String lineToTry(String said, String part) {
        return said.lines()
                .filter(line -> line.startsWith("         ") && line.contains(part))
                .collect(Collectors.collectingAndThen(Collectors.toList(), List::getFirst))
                .strip();
    }

    private static String[] command(String line) {
        return line.split(" ");
    }

    private static Set<Path> demoDirectories() throws Exception {
        try (Stream<Path> files = Files.list(DEMO_PARENT)) {
            return files.filter(file -> file.getFileName().toString().startsWith("slipway-demo."))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
