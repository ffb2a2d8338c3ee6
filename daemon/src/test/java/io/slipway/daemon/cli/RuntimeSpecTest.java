package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RuntimeSpecTest {
    private static RuntimeSpec spec(ContainerUser user, boolean hostNetwork, boolean unified) {
        return new RuntimeSpec(
                "default",
                "c1",
                List.of("/bin/sh", "-c", "echo \"x\""),
                List.of("PATH=/bin", "A=\u00e4"),
                "/srv",
                user,
                hostNetwork,
                4096,
                unified);
    }

    private static String golden(String name) throws IOException {
        try (InputStream in = RuntimeSpecTest.class.getResourceAsStream(name)) {
            return new String(java.util.Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    @Test
    void rootOnTheOldCgroupsHasTheDefaultSetAndAnEmptyNetwork() throws Exception {
        assertThat(spec(new ContainerUser(0, 0, List.of(0L, 4L)), false, false).json())
                .isEqualTo(golden("spec-root.json"));
    }

    @Test
    void anyOtherUserHasNoCapabilityInForce() throws Exception {
        Json process = Json.parse(
                        "spec",
                        spec(new ContainerUser(33, 34, List.of(34L)), false, false)
                                .json()
                                .getBytes(StandardCharsets.UTF_8))
                .get("process");
        assertThat(process.get("capabilities").get("bounding").texts()).contains("CAP_CHOWN");
        assertThat(process.get("capabilities").get("effective").isPresent()).isFalse();
        assertThat(process.get("capabilities").get("permitted").isPresent()).isFalse();
        assertThat(process.get("user").get("uid").size()).isEqualTo(33);
    }

    @Test
    void theHostsNetworkBringsItsNamesAndUnifiedCgroupsANamespace() {
        String json = spec(new ContainerUser(0, 0, List.of(0L)), true, true).json();
        assertThat(json)
                .doesNotContain("\"type\":\"network\"")
                .contains("\"type\":\"cgroup\"}")
                .contains("/etc/resolv.conf")
                .contains("/etc/hosts");
    }

    @Test
    void aLongIdIsNotTooLongAHostName() throws Exception {
        RuntimeSpec spec = new RuntimeSpec(
                "default",
                "x".repeat(76),
                List.of("a"),
                List.of(),
                "/",
                new ContainerUser(0, 0, List.of()),
                false,
                1024,
                false);
        assertThat(Json.parse("spec", spec.json().getBytes(StandardCharsets.UTF_8))
                        .get("hostname")
                        .text())
                .hasSize(63);
    }

    private static ProcessChoice choice(ImageConfig config, List<String> env, Optional<String> cwd) {
        return new ProcessChoice(
                new RunOptions(
                        new ImagePuller.Request(
                                ImageReference.parse("busybox"),
                                Platform.host(),
                                true,
                                "overlayfs",
                                false,
                                Optional.empty()),
                        "c1",
                        false,
                        false,
                        env,
                        cwd,
                        Optional.empty(),
                        false,
                        List.of()),
                config);
    }

    private static ImageConfig config(List<String> env, String workingDir) {
        return new ImageConfig("", env, List.of(), List.of("x"), workingDir, Optional.empty(), List.of());
    }

    @Test
    void theEnvironmentIsTheImagesThenTheGivenOne() {
        ProcessChoice choice = choice(
                config(List.of("A=1", "B=2=3", "NOVALUE", "=x"), ""),
                List.of("A=over", "C", "GONE", "B", "D="),
                Optional.empty());
        assertThat(choice.env(Map.of("C", "mine")))
                .containsExactly(
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "HOSTNAME=c1",
                        "A=over",
                        "C=mine",
                        "D=");
        assertThat(choice(config(List.of("PATH=/x"), ""), List.of(), Optional.empty())
                        .env(Map.of()))
                .contains("PATH=/x");
    }

    @Test
    void theWorkingDirectoryIsAbsoluteAndNotAnOpenFileOfTheHost() throws Exception {
        assertThat(choice(config(List.of(), ""), List.of(), Optional.empty()).cwd())
                .isEqualTo("/");
        assertThat(choice(config(List.of(), "srv/x"), List.of(), Optional.empty())
                        .cwd())
                .isEqualTo("/srv/x");
        assertThat(choice(config(List.of(), "/a"), List.of(), Optional.of("/b")).cwd())
                .isEqualTo("/b");
        assertThatThrownBy(() -> choice(config(List.of(), "/a/../proc/self/fd/8"), List.of(), Optional.empty())
                        .cwd())
                .hasMessageContaining("/proc/self/fd/8");
        assertThatThrownBy(() -> choice(config(List.of(), "/a\0b"), List.of(), Optional.empty())
                        .cwd())
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("can't be a path");
        assertThatThrownBy(() -> choice(config(List.of(), ""), List.of(), Optional.of("rel"))
                        .cwd())
                .hasMessageContaining("not absolute");
    }

    @Test
    void logsAreFileUris() {
        assertThat(Detached.logUri("/var/lib/a b", "default", "c1"))
                .isEqualTo("file:///var/lib/a%20b/logs/default/c1.log");
    }

    @Test
    void theTextOfAFailedStartTellsTheCode() {
        assertThat(RunExit.ofStartFailure("runc create failed: unable to start container process: exec: \"nosuch\":"
                        + " executable file not found in $PATH"))
                .isEqualTo(127);
        assertThat(RunExit.ofStartFailure("unable to start container process: exec: \"/nosuch\":"
                        + " stat /nosuch: no such file or directory"))
                .isEqualTo(127);
        assertThat(RunExit.ofStartFailure("unable to start container process: exec: \"/etc\": permission denied"))
                .isEqualTo(126);
        assertThat(RunExit.ofStartFailure("exec: \"/etc\": is a directory: permission denied"))
                .isEqualTo(126);
        assertThat(RunExit.ofStartFailure("binary not installed \"containerd-shim-runc-v2\""))
                .isEqualTo(125);
        assertThat(RunExit.ofStartFailure("failed to mount rootfs: no such file or directory"))
                .isEqualTo(125);
    }
}
