package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabProxy;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.LeakGuard;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// The outside contract of the command line, on the packaged programs: outputs, exit codes, variables.
@Tag("root")
@Tag("peer")
final class CommandLineTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path shared;

    @TempDir
    Path work;

    @RegisterExtension
    final LeakGuard leaks = new LeakGuard(() -> work);

    private static LabRegistry registry;
    private static LabImage image;
    private static String reference;
    private PackagedDaemon daemon;

    @BeforeAll
    static void push() throws Exception {
        registry = LabRegistry.start(shared);
        image = LabImage.build(shared, LabImage.Format.OCI, LabImage.Compression.GZIP, false);
        reference = registry.push(image, "lab/cli");
    }

    @AfterAll
    static void stopRegistry() {
        registry.close();
    }

    @BeforeEach
    void start() throws Exception {
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void runEndsWithTheCodeOfItsProcessOrSaysWhyThereWasNone() throws Exception {
        daemon.checkSlipway("pull", reference);
        assertRun(0, "", "/bin/true");
        assertRun(42, "", "/bin/sh", "-c", "exit 42");
        assertRun(126, "slipway: run ", "/etc/labelled");
        assertRun(127, "slipway: run ", "/no/such/program");
        LabProcess.Result unknown = daemon.slipway("run", registry.host() + "/lab/nothing:1");
        assertThat(unknown.exit()).as(unknown.output()).isEqualTo(125);
        assertThat(unknown.stderr()).contains("lab/nothing");
        assertThat(daemon.slipway("run", "--no-such-flag", reference).exit()).isEqualTo(125);
        assertThat(daemon.checkSlipway("ps", "-a").lines())
                .as("only the heading")
                .hasSize(1);
    }

    private void assertRun(int exit, String said, String... command) throws Exception {
        String[] arguments = new String[command.length + 3];
        arguments[0] = "run";
        arguments[1] = "--rm";
        arguments[2] = reference;
        System.arraycopy(command, 0, arguments, 3, command.length);
        daemon.checkSlipway("pull", reference);
        LabProcess.Result result = daemon.slipway(arguments);
        assertThat(result.exit())
                .as(String.join(" ", command) + result.output())
                .isEqualTo(exit);
        assertThat(result.stdout()).isEmpty();
        if (said.isEmpty()) {
            assertThat(result.stderr()).isEmpty();
        } else {
            assertThat(result.stderr()).hasLineCount(1).startsWith(said);
        }
    }

    @Test
    void anInterruptedPullIs130AndCanBeRepeated() throws Exception {
        LabImage large = LabImage.large(work.resolve("l"), 64 << 20);
        registry.push(large, "lab/interrupted");
        try (LabProxy proxy = LabProxy.start(registry.host())) {
            String through = proxy.host() + "/lab/interrupted:" + large.tag();
            proxy.holdAfter(20 << 20);
            try (LabProcess pull =
                    LabProcess.start(work.resolve("pull.log"), Map.of(), daemon.commandLine("pull", through))) {
                proxy.awaitHeld();
                LabProcess.check("kill", "-INT", Long.toString(pull.pid()));
                assertThat(pull.awaitExit()).as(pull.log()).isEqualTo(130);
                assertThat(pull.log()).contains("slipway: pull: interrupted");
            }
            proxy.release();
            daemon.checkSlipway("pull", through);
        }
    }

    @Test
    void resultsAreOnStandardOutputAndProgressIsNot() throws Exception {
        LabProcess.Result pull = daemon.slipway("pull", reference);
        assertThat(pull.exit()).as(pull.output()).isZero();
        assertThat(pull.stdout()).contains(reference).hasLineCount(1);
        for (String layer : image.layers()) {
            assertThat(pull.stderr().lines())
                    .filteredOn(line -> line.contains(layer.substring(0, "sha256:".length() + 12)))
                    .as("one line for a finished layer")
                    .singleElement()
                    .asString()
                    .matches("layer sha256:[0-9a-f]{12} [0-9.]+ [kM]?B done");
        }
        JsonNode images = json("images");
        assertThat(images).hasSize(1);
        assertThat(images.get(0).get("name").asText()).isEqualTo(reference);
        assertThat(images.get(0).get("digest").asText()).isEqualTo(image.manifestDigest());
        String id = daemon.checkSlipway("run", "-d", "--name", "named", reference, "/bin/sh", "-c", "exit 3");
        assertThat(id).isEqualTo("named\n");
        Awaitility.await("it ends")
                .untilAsserted(() -> assertThat(
                                json("ps", "-a").get(0).get("exit_status").asInt())
                        .isEqualTo(3));
        assertThat(json("version").get("server").get("version").asText()).isNotEmpty();
        daemon.checkSlipway("rm", "named");
        daemon.checkSlipway("rmi", reference);
        assertThat(json("images")).isEmpty();
    }

    private JsonNode json(String... command) throws Exception {
        String[] arguments = new String[command.length + 1];
        arguments[0] = "--json";
        System.arraycopy(command, 0, arguments, 1, command.length);
        LabProcess.Result result = daemon.slipway(arguments);
        assertThat(result.stderr()).isEmpty();
        return JSON.readTree(result.stdout());
    }

    @Test
    void addressAndNamespaceComeFromTheEnvironment() throws Exception {
        String program = PackagedDaemon.distribution().resolve("bin/slipway").toString();
        daemon.checkSlipway("-n", "k8s.io", "pull", reference);
        for (String variable : List.of("SLIPWAY_ADDRESS", "CONTAINERD_ADDRESS")) {
            Map<String, String> environment =
                    Map.of(variable, daemon.socket().toString(), "CONTAINERD_NAMESPACE", "k8s.io");
            assertThat(LabProcess.run(environment, List.of(program, "images")).stdout())
                    .contains(reference);
            assertThat(LabProcess.run(environment, List.of(program, "-n", "default", "images"))
                            .stdout())
                    .doesNotContain(reference);
        }
        Map<String, String> both =
                Map.of("SLIPWAY_ADDRESS", daemon.socket().toString(), "CONTAINERD_ADDRESS", "/nobody.sock");
        assertThat(LabProcess.run(both, List.of(program, "version")).exit()).isZero();
        assertThat(LabProcess.run(both, List.of(program, "-a", "/nobody.sock", "version"))
                        .exit())
                .isEqualTo(5);
        LabProcess.Result malformed = daemon.slipway("-n", "b/ad", "images");
        assertThat(malformed.exit()).isEqualTo(2);
        assertThat(malformed.stderr()).hasLineCount(1).contains("b/ad");
    }

    @Test
    void whatIsNotThereIsThreeAndSaysWhereToLook() throws Exception {
        for (List<String> command :
                List.of(List.of("kill", "absent"), List.of("rm", "absent"), List.of("rmi", "absent"))) {
            LabProcess.Result result = daemon.slipway(command.toArray(String[]::new));
            assertThat(result.exit()).as(result.output()).isEqualTo(3);
            assertThat(result.stderr())
                    .hasLineCount(1)
                    .startsWith("slipway: " + command.getFirst() + " absent: ")
                    .contains("; ");
        }
    }

    /// Row 51 of the corpus of hostile layers: the blob fits, its files do not, until there is room.
    @Test
    void aLayerThatDoesNotFitIsSevenAndNamesTheEntry() throws Exception {
        String tooLarge = registry.push(LabImage.swelling(work.resolve("s"), 64 << 20), "lab/swelling");
        Path small = Files.createDirectory(work.resolve("small-too"));
        LabProcess.check("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", small.toString());
        try (PackagedDaemon full = PackagedDaemon.start(small, "--mirror-address", "off")) {
            LabProcess.Result result = full.slipway("pull", tooLarge);
            assertThat(result.exit()).as(result.output()).isEqualTo(7);
            assertThat(result.stderr().lines().filter(line -> line.startsWith("slipway: pull ")))
                    .singleElement()
                    .asString()
                    .contains("of entry srv/swelling", "no space left", "; free some and pull again");
            assertThat(full.checkSlipway("images")).doesNotContain("lab/swelling");
            LabProcess.check("mount", "-o", "remount,size=256m", small.toString());
            full.checkSlipway("pull", tooLarge);
            assertThat(full.checkSlipway("run", "--rm", tooLarge)).isEqualTo("hello from inside\n");
            assertThat(full.process().stop()).isZero();
        } finally {
            LabProcess.check("umount", small.toString());
        }
    }

    /// A root on a file system of a few megabytes.
    @Test
    void noSpaceIsSevenAndNothingElseIsHarmed() throws Exception {
        LabImage large = LabImage.large(work.resolve("l"), 64 << 20);
        String tooLarge = registry.push(large, "lab/large");
        Path small = Files.createDirectory(work.resolve("small"));
        LabProcess.check("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", small.toString());
        try (PackagedDaemon full = PackagedDaemon.start(small, "--mirror-address", "off")) {
            LabProcess.Result result = full.slipway("pull", tooLarge);
            assertThat(result.exit()).as(result.output()).isEqualTo(7);
            assertThat(result.stderr().lines().filter(line -> line.startsWith("slipway: pull ")))
                    .singleElement()
                    .asString()
                    .containsIgnoringCase("no space")
                    .contains("; ");
            assertThat(full.checkSlipway("images")).doesNotContain("lab/large");
            assertThat(full.process().stop()).isZero();
        } finally {
            LabProcess.check("umount", small.toString());
        }
    }
}
