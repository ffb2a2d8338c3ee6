package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ApiException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SlipwayTest {
    @TempDir
    Path dir;

    @Test
    void withoutDaemonEveryCommandFailsWithOneLineThatNamesTheSocketAndTheWayOut() {
        for (List<String> command : List.of(
                List.of("images"),
                List.of("ps"),
                List.of("version"),
                List.of("pull", "busybox"),
                List.of("rmi", "busybox"),
                List.of("rm", "x"))) {
            Shell shell = new Shell(dir.resolve("nobody.sock"));
            assertThat(shell.run(command.toArray(String[]::new)))
                    .as("%s", command)
                    .isEqualTo(5);
            assertThat(shell.err())
                    .isEqualTo("slipway: " + command.getFirst() + ": no daemon answers on "
                            + dir.resolve("nobody.sock")
                            + "; start it with `slipwayd` (or name its socket with -a)\n");
        }
    }

    @Test
    void runWithoutDaemonIs125() {
        Shell shell = new Shell(dir.resolve("nobody.sock"));
        assertThat(shell.run("run", "busybox", "true")).isEqualTo(125);
        assertThat(shell.err()).startsWith("slipway: run: no daemon answers on ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "frobnicate | slipway: frobnicate: there is no such command; see `slipway --help`",
                "pull | slipway: pull: Missing required parameter: 'REF'; see `slipway pull --help`",
                "pull --bad x | slipway: pull: Unknown option: '--bad'; see `slipway pull --help`",
                "kill -s NOSUCH x | slipway: kill: there is no signal NOSUCH; use one of ABRT,",
                "pull a:b:c | slipway: pull a:b:c: ",
                "pull a/UPPER | slipway: pull a/UPPER: ",
                "pull --platform a/b/c/d x | slipway: pull: platform",
                "pull --password-stdin x | slipway: pull: --password-stdin needs --user; add --user NAME",
                "-n b/ad images | slipway: images: \"b/ad\" cannot name a namespace; use letters and digits,",
                "-n= images | slipway: images: \"\" cannot name a namespace; use letters and digits,",
                "logs --tail -1 x | slipway: logs x: --tail cannot be negative; name a number of lines",
            })
    void badUsageIsOneLineAndCode2(String arguments, String line) {
        Shell shell = new Shell(dir.resolve("nobody.sock"));
        assertThat(shell.run(arguments.split(" ", -1))).isEqualTo(2);
        assertThat(shell.err()).startsWith(line).hasLineCount(1);
    }

    @Test
    void aMalformedNamespaceIsRefusedWhereverItComesFrom() {
        for (String namespace : List.of("", "a/b", "_a", "a-", "a..b", "a b", "ä", "x".repeat(77))) {
            Shell flag = new Shell(dir.resolve("nobody.sock"));
            assertThat(flag.run("--namespace", namespace, "ps")).as(namespace).isEqualTo(2);
            assertThat(flag.err()).hasLineCount(1).contains("\"" + namespace + "\" cannot name a namespace");
        }
        Shell variable = new Shell(dir.resolve("nobody.sock"));
        variable.environment.put("CONTAINERD_NAMESPACE", "a/b");
        assertThat(variable.run("ps")).isEqualTo(2);
        Shell empty = new Shell(dir.resolve("nobody.sock"));
        empty.environment.put("CONTAINERD_NAMESPACE", "");
        assertThat(empty.run("ps")).as("no daemon, but a good namespace").isEqualTo(5);
    }

    @Test
    void noCommandIsUsage() {
        Shell shell = new Shell(dir.resolve("nobody.sock"));
        assertThat(shell.run()).isEqualTo(2);
        assertThat(shell.err()).isEqualTo("slipway: usage: no command was given; see `slipway --help`\n");
    }

    @Test
    void helpGoesToStandardOutputAndNamesAllCommands() {
        Shell shell = new Shell(dir.resolve("nobody.sock"));
        assertThat(shell.run("--help")).isZero();
        assertThat(shell.out()).contains("pull", "images", "rmi", "run", "ps", "kill", "rm", "logs", "version");
        assertThat(shell.err()).isEmpty();
        Shell ofRun = new Shell(dir.resolve("nobody.sock"));
        assertThat(ofRun.run("run", "--help")).isZero();
        assertThat(ofRun.out()).contains("--rm", "--name", "--workdir");
    }

    @ParameterizedTest
    @CsvSource({
        "NOT_FOUND, 3",
        "PERMISSION_DENIED, 4",
        "UNAUTHENTICATED, 4",
        "UNAVAILABLE, 5",
        "DEADLINE_EXCEEDED, 5",
        "DATA_LOSS, 6",
        "RESOURCE_EXHAUSTED, 7",
        "INVALID_ARGUMENT, 1",
        "FAILED_PRECONDITION, 1",
        "ALREADY_EXISTS, 1",
        "UNIMPLEMENTED, 1",
        "INTERNAL, 1",
        "UNKNOWN, 1"
    })
    void everyErrorClassHasItsExitCodeAndOneLine(ApiException.Code code, int exit) throws Exception {
        try (FakeDaemon daemon = new FakeDaemon()) {
            daemon.listFailure = Optional.of(new ApiException(code, "what\nhappened"));
            daemon.listen(dir.resolve("s"));
            Shell shell = new Shell(dir.resolve("s"));
            assertThat(shell.run("images")).isEqualTo(exit);
            assertThat(shell.err()).isEqualTo("slipway: images: what happened; see the daemon's log\n");
            assertThat(shell.out()).isEmpty();
        }
    }

    @Test
    void namespaceAndAddressComeFromFlagsThenEnvironment() throws Exception {
        try (FakeDaemon daemon = new FakeDaemon()) {
            daemon.listen(dir.resolve("s"));
            Shell shell = new Shell(dir.resolve("s"));
            shell.run("images");
            shell.environment.put("CONTAINERD_NAMESPACE", "k8s.io");
            shell.run("images");
            shell.run("-n", "mine", "images");
            assertThat(daemon.namespaces).containsExactly("default", "k8s.io", "mine");
        }
        assertThat(Globals.of(null, null, false, Map.of("CONTAINERD_ADDRESS", "unix:///x/y.sock"))
                        .address())
                .isEqualTo("/x/y.sock");
        assertThat(Globals.of(null, null, false, Map.of("SLIPWAY_STATE", "/st", "CONTAINERD_ADDRESS", "/x"))
                        .address())
                .isEqualTo("/st/slipway.sock");
    }

    @Test
    void versionShowsTheClientEvenWithoutDaemon() throws Exception {
        Shell alone = new Shell(dir.resolve("nobody.sock"));
        assertThat(alone.run("version")).isEqualTo(5);
        assertThat(alone.out()).startsWith("client   ").hasLineCount(1);
        try (FakeDaemon daemon = new FakeDaemon()) {
            daemon.listen(dir.resolve("s"));
            Shell shell = new Shell(dir.resolve("s"));
            assertThat(shell.run("version")).isZero();
            assertThat(shell.out()).contains("server   9.9.9 abc\n");
            Shell json = new Shell(dir.resolve("s"));
            assertThat(json.run("--json", "version")).isZero();
            assertThat(json.out()).contains("\"server\":{").contains("\"version\":\"9.9.9\"");
        }
    }
}
