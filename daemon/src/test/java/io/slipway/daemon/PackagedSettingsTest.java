package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every flag, variable and key of the outside contract reaches the packaged daemon, containerd's own file included.
@Tag("peer")
final class PackagedSettingsTest {
    private static final String EVERY_KEY = """
            version = 3
            root = "/k/root"
            state = "/k/state"
            roles = ["mirror"]
            [grpc]
            address = "/k/api.sock"
            uid = 11
            gid = 12
            [metrics]
            address = "127.0.0.1:13"
            [mirror]
            address = ["127.0.0.1:14", "[::1]:15", "unix:/k/mirror.sock"]
            upstreams = ["docker.io", "*.example.com"]
            default_upstream = "docker.io"
            local = false
            public_cache = true
            early_ranges = false
            [registry]
            config_path = "/k/certs.d:/l/certs.d"
            [store]
            max_bytes = "50GiB"
            min_free = "20GiB"
            sharing_policy = "shared"
            [pull]
            max_concurrent_downloads = 16
            connections_per_host = 17
            max_unpacks = 18
            [snapshots]
            default = "overlayfs"
            sync = "before-commit"
            [debug]
            level = "warn"
            format = "json"
            """;

    @TempDir
    Path dir;

    @Test
    void everyFlagHasItsKey() throws Exception {
        Path file = Files.writeString(dir.resolve("config.toml"), "version = 3\n[pull]\nmax_unpacks = 7\n");
        List<String> expected = List.of(
                "root = \"/f/root\"",
                "state = \"/f/state\"",
                "roles = [\"mirror\", \"api\"]",
                "address = \"/f/api.sock\"",
                "address = \"127.0.0.1:21\"",
                "address = [\"127.0.0.1:22\", \"unix:/f/mirror.sock\"]",
                "config_path = \"/f/a:/f/b\"",
                "level = \"error\"",
                "format = \"json\"",
                "max_unpacks = 7");
        List<String> others = List.of(
                "--root", "/f/root",
                "--state", "/f/state",
                "--mirror-address", "127.0.0.1:22,unix:/f/mirror.sock",
                "--metrics-address", "127.0.0.1:21",
                "--config-path", "/f/a:/f/b",
                "--roles", "mirror,api",
                "--log-format", "json");
        for (List<String> spelled : List.of(
                List.of("-c", file.toString(), "-a", "/f/api.sock", "-l", "error"),
                List.of("--config", file.toString(), "--address", "/f/api.sock", "--log-level", "error"))) {
            List<String> arguments = new ArrayList<>(others);
            arguments.addAll(spelled);
            arguments.addAll(List.of("config", "dump"));
            assertThat(dump(Map.of(), arguments)).containsAll(expected);
        }
        for (String level : List.of("trace", "debug", "info", "warn", "error")) {
            assertThat(dump(Map.of(), List.of("config", "dump", "-l", level))).contains("level = \"" + level + "\"");
        }
        assertThat(dump(Map.of(), List.of("--mirror-address", "off", "--metrics-address", "off", "config", "dump")))
                .containsSubsequence("[metrics]", "address = \"off\"", "[mirror]", "address = [\"off\"]");
    }

    @Test
    void everyVariableHasItsKeyAndFlagsGoBefore() throws Exception {
        Path file = Files.writeString(dir.resolve("config.toml"), "version = 3\n[pull]\nmax_unpacks = 7\n");
        Map<String, String> variables = Map.of(
                "SLIPWAY_ROOT", "/v/root",
                "SLIPWAY_STATE", "/v/state",
                "SLIPWAY_ADDRESS", "/v/api.sock",
                "SLIPWAY_MIRROR_ADDRESS", "127.0.0.1:31",
                "SLIPWAY_METRICS_ADDRESS", "127.0.0.1:32",
                "SLIPWAY_CONFIG", file.toString());
        assertThat(dump(variables, List.of("config", "dump")))
                .contains(
                        "root = \"/v/root\"",
                        "state = \"/v/state\"",
                        "address = \"/v/api.sock\"",
                        "address = [\"127.0.0.1:31\"]",
                        "address = \"127.0.0.1:32\"",
                        "max_unpacks = 7");
        Path other = Files.writeString(dir.resolve("other.toml"), "version = 3\n[pull]\nmax_unpacks = 8\n");
        assertThat(dump(
                        variables,
                        List.of("-c", other.toString(), "--mirror-address", "off", "-a", "/f.sock", "config", "dump")))
                .contains("max_unpacks = 8", "address = [\"off\"]", "address = \"/f.sock\"")
                .doesNotContain("address = [\"127.0.0.1:31\"]", "address = \"/v/api.sock\"");
    }

    @Test
    void everyKeyIsReadAndADumpIsAGoodFile() throws Exception {
        Path file = Files.writeString(dir.resolve("config.toml"), EVERY_KEY);
        List<String> dumped = dump(Map.of(), List.of("-c", file.toString(), "config", "dump"));
        assertThat(dumped)
                .filteredOn(line -> !line.isEmpty())
                .containsSubsequence(EVERY_KEY.lines().toList());
        Path again = Files.writeString(dir.resolve("again.toml"), String.join("\n", dumped));
        assertThat(dump(Map.of(), List.of("-c", again.toString(), "config", "dump")))
                .isEqualTo(dumped);
        assertThat(slipwayd(Map.of(), List.of("-c", file.toString(), "config", "check"))
                        .stdout())
                .isEqualTo(file + ": good\n");
    }

    @Test
    void defaultsAreThoseOfTheContract() throws Exception {
        assertThat(dump(Map.of(), List.of("config", "default")))
                .filteredOn(line -> !line.isEmpty())
                .containsSubsequence("""
                version = 3
                root = "/var/lib/slipway"
                state = "/run/slipway"
                roles = ["mirror", "api", "runtime"]
                [grpc]
                address = "/run/slipway/slipway.sock"
                uid = 0
                gid = 0
                [metrics]
                address = "127.0.0.1:1338"
                [mirror]
                address = ["127.0.0.1:5010"]
                upstreams = ["*"]
                default_upstream = ""
                local = true
                public_cache = false
                early_ranges = true
                [registry]
                config_path = "/etc/slipway/certs.d:/etc/containerd/certs.d:/etc/docker/certs.d"
                [store]
                max_bytes = "0"
                min_free = "10%"
                sharing_policy = "shared"
                [pull]
                max_concurrent_downloads = 8
                connections_per_host = 4
                max_unpacks = 0
                [snapshots]
                default = "overlayfs"
                sync = "background"
                [debug]
                level = "info"
                format = "text"
                """.lines().toArray(String[]::new));
        assertThat(Files.readString(PackagedDaemon.distribution().resolve("etc/config.toml")))
                .isEqualTo(slipwayd(Map.of(), List.of("config", "default")).stdout());
    }

    /// What Debian's containerd writes, moved to directories of its own; it names decoders that are not installed.
    @Test
    void containerdsOwnFileStartsTheDaemonWithOneWarning() throws Exception {
        Path file = Files.writeString(
                dir.resolve("containerd.toml"),
                LabProcess.check("containerd", "config", "default")
                        .replace("\"/var/lib/containerd\"", "\"" + dir + "/c/root\"")
                        .replace("\"/run/containerd\"", "\"" + dir + "/c/state\"")
                        .replace("\"/run/containerd/containerd.sock\"", "\"" + dir + "/c/state/c.sock\"")
                        .replace("uid = 0", "uid = 65534")
                        .replace("max_concurrent_downloads = 3", "max_concurrent_downloads = 5"));
        LabProcess.Result migrated = slipwayd(Map.of(), List.of("config", "migrate", file.toString()));
        assertThat(migrated.exit()).as(migrated.output()).isZero();
        assertThat(keys(migrated.stdout()))
                .contains("root = \"" + dir + "/c/root\"", "uid = 65534", "max_concurrent_downloads = 5");
        Path ready = dir.resolve("c/state/ready.json");
        try (LabProcess daemon = LabProcess.start(
                dir.resolve("log"), Map.of(), command(List.of("-c", file.toString(), "--mirror-address", "off")))) {
            daemon.awaitReady("slipwayd", () -> Files.exists(ready));
            assertThat(Files.getAttribute(dir.resolve("c/state/c.sock"), "unix:uid"))
                    .isEqualTo(65534);
            assertThat(daemon.log().lines().filter(line -> line.contains(" WARN ")))
                    .singleElement()
                    .asString()
                    .contains(file.toString())
                    .contains("containerd keys without a meaning here: ")
                    .contains("sandbox_image")
                    .as("decoders of every file that are not installed")
                    .contains("stream_processors.\"io.containerd.ocicrypt.decoder.v1.tar\"");
            assertThat(daemon.stop()).isZero();
        }
    }

    @Test
    void whatWouldBeDangerousToIgnoreIsRefused() throws Exception {
        for (Map.Entry<String, String> bad : Map.of(
                        "[grpc]\ntcp_address = \"127.0.0.1:1\"\n",
                                "grpc.tcp_address: the API is served on a unix socket only",
                        "[stream_processors.x]\npath = \"/no/such/decoder\"\n", "no program \"/no/such/decoder\"")
                .entrySet()) {
            Path file = Files.writeString(dir.resolve("bad.toml"), "version = 2\n" + bad.getKey());
            LabProcess.Result result = slipwayd(Map.of(), List.of("-c", file.toString()));
            assertThat(result.exit()).as(result.output()).isEqualTo(2);
            assertThat(result.stderr()).hasLineCount(1).contains(bad.getValue());
        }
    }

    @Test
    void theSocketsBelongToWhomTheConfigurationNames() throws Exception {
        Path file = Files.writeString(dir.resolve("config.toml"), "version = 3\n[grpc]\nuid = 65534\ngid = 65533\n");
        try (PackagedDaemon daemon = PackagedDaemon.start(dir.resolve("d"), "--config", file.toString())) {
            assertThat(daemon.ready().get("ttrpc").asText()).isEqualTo(daemon.socket() + ".ttrpc");
            assertThat(Path.of(daemon.socket() + ".ttrpc")).exists();
            assertThat(Files.getAttribute(daemon.socket(), "unix:uid")).isEqualTo(65534);
            assertThat(Files.getAttribute(daemon.socket(), "unix:gid")).isEqualTo(65533);
        }
    }

    @Test
    void theMirrorListensOnAUnixSocketToo() throws Exception {
        Path socket = dir.resolve("mirror.sock");
        try (PackagedDaemon daemon =
                PackagedDaemon.start(dir.resolve("d"), "--mirror-address", "unix:" + socket + ",127.0.0.1:0")) {
            assertThat(daemon.ready().get("mirror").get(0).asText()).isEqualTo("unix:" + socket);
            assertThat(LabProcess.check("curl", "-sSf", "--unix-socket", socket.toString(), "http://mirror/v2/"))
                    .isNotNull();
            assertThat(daemon.process().stop()).isZero();
            assertThat(socket).doesNotExist();
        }
    }

    private static List<String> dump(Map<String, String> variables, List<String> arguments) throws Exception {
        LabProcess.Result result = slipwayd(variables, arguments);
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.stderr()).isEmpty();
        return keys(result.stdout());
    }

    /// Without the remark after each key.
    private static List<String> keys(String text) {
        return text.lines().map(line -> line.replaceFirst(" +# .*", "")).toList();
    }

    private static LabProcess.Result slipwayd(Map<String, String> variables, List<String> arguments)
            throws IOException, InterruptedException {
        return LabProcess.run(new HashMap<>(variables), command(arguments));
    }

    private static List<String> command(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(PackagedDaemon.distribution().resolve("bin/slipwayd").toString());
        command.addAll(arguments);
        return command;
    }
}
