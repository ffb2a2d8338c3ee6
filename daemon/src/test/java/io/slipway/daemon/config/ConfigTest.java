package io.slipway.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.daemon.log.LogFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.event.Level;

class ConfigTest {
    private static final Host ROOT = new Host(Map.of("HOME", "/root"), 0);

    @TempDir
    Path dir;

    @Test
    void everyDefaultOfRoot() throws ConfigException {
        Config config = new ConfigLoader(ROOT).defaults().config();

        assertThat(config)
                .isEqualTo(new Config(
                        Path.of("/var/lib/slipway"),
                        Path.of("/run/slipway"),
                        Set.of(Role.MIRROR, Role.API, Role.RUNTIME),
                        false,
                        new Config.Grpc(Path.of("/run/slipway/slipway.sock"), 0, 0),
                        Optional.of(new Address.Tcp("127.0.0.1", 1338)),
                        new Config.Mirror(
                                List.of(new Address.Tcp("127.0.0.1", 5010)),
                                List.of("*"),
                                Optional.empty(),
                                true,
                                false,
                                true),
                        new Config.Registry(
                                List.of(
                                        Path.of("/etc/slipway/certs.d"),
                                        Path.of("/etc/containerd/certs.d"),
                                        Path.of("/etc/docker/certs.d")),
                                Map.of()),
                        new Config.Store(0, new Size.Share(10), true, 8 << 20, Duration.ofDays(7)),
                        new Config.Gc(0.02, 0, 100, Duration.ZERO, Duration.ofSeconds(10)),
                        new Config.Pull(8, 4, 0),
                        new Config.Snapshots(
                                "overlayfs",
                                false,
                                false,
                                false,
                                new Config.Layers(4_000_000, 400_000, 512L << 30, 200)),
                        List.of(),
                        new Config.Debug(Level.INFO, LogFormat.TEXT)));
    }

    @Test
    void anybodyElseLivesInTheXdgDirectories() throws ConfigException {
        Host user = new Host(Map.of("HOME", "/home/u", "XDG_RUNTIME_DIR", "/run/user/7"), 7);

        Config config = new ConfigLoader(user).defaults().config();

        assertThat(config.root()).isEqualTo(Path.of("/home/u/.local/share/slipway"));
        assertThat(config.state()).isEqualTo(Path.of("/run/user/7/slipway"));
        assertThat(config.roles()).containsOnly(Role.MIRROR, Role.API);
        Host elsewhere = new Host(Map.of("HOME", "/home/u", "XDG_DATA_HOME", "/data/u"), 7);
        assertThat(new ConfigLoader(elsewhere).defaults().config().state()).isEqualTo(Path.of("/data/u/slipway/run"));
    }

    @Test
    void flagWinsOverVariableOverFileOverDefault() throws Exception {
        Path file = write("version = 3\nroot = '/file'\nstate = '/file/run'\n[grpc]\naddress = '/file.sock'\n");
        Host host = new Host(Map.of("HOME", "/root", "SLIPWAY_ROOT", "/variable", "SLIPWAY_STATE", "/variable/run"), 0);

        Config config = new ConfigLoader(host)
                .load(Map.of(Key.ROOT, "/flag"), Optional.of(file.toString()))
                .config();

        assertThat(config.root()).isEqualTo(Path.of("/flag"));
        assertThat(config.state()).isEqualTo(Path.of("/variable/run"));
        assertThat(config.grpc().address()).isEqualTo(Path.of("/file.sock"));
        assertThat(config.snapshots().defaultSnapshotter()).isEqualTo("overlayfs");
    }

    @Test
    void everyVariableIsRead() throws Exception {
        Path file = write("version = 3\n[debug]\nlevel = 'warn'\n");
        Map<String, String> environment = Map.of(
                "SLIPWAY_CONFIG", file.toString(),
                "SLIPWAY_ROOT", "/r",
                "SLIPWAY_STATE", "/s",
                "SLIPWAY_ADDRESS", "/a.sock",
                "SLIPWAY_MIRROR_ADDRESS", "[::1]:0,unix:/m.sock",
                "SLIPWAY_METRICS_ADDRESS", "off");

        Config config = new ConfigLoader(new Host(environment, 0))
                .load(Map.of(), Optional.empty())
                .config();

        assertThat(config.root()).isEqualTo(Path.of("/r"));
        assertThat(config.state()).isEqualTo(Path.of("/s"));
        assertThat(config.grpc().address()).isEqualTo(Path.of("/a.sock"));
        assertThat(config.grpc().ttrpc()).isEqualTo(Path.of("/a.sock.ttrpc"));
        assertThat(config.mirror().addresses())
                .containsExactly(new Address.Tcp("::1", 0), new Address.Unix(Path.of("/m.sock")));
        assertThat(config.metrics()).isEmpty();
        assertThat(config.debug().level()).isEqualTo(Level.WARN);
    }

    @Test
    void writtenTextReadsBackTheSame() throws Exception {
        Path first = write("""
                version = 3
                roles = ["mirror"]
                [mirror]
                address = ["127.0.0.1:0", "unix:/tmp/m.sock"]
                default_upstream = "docker.io"
                [store]
                max_bytes = 1024
                [registry.realms]
                "registry.example.com" = ["auth.example.net"]
                """);
        ConfigLoader.Loaded once = new ConfigLoader(ROOT).file(first);

        ConfigLoader.Loaded again = new ConfigLoader(ROOT).file(write(once.text()));

        assertThat(again).usingRecursiveComparison().ignoringFields("file").isEqualTo(once);
        assertThat(once.config().registry().realms())
                .containsEntry("registry.example.com", List.of("auth.example.net"));
        assertThat(once.config().mirror().local()).isFalse();
        assertThat(once.config().store().maxBytes()).isEqualTo(1024);
    }

    @Test
    void defaultTextKeepsRolesAMatterOfDefault() throws Exception {
        Path file = write(new ConfigLoader(ROOT).defaults().text());

        assertThat(new ConfigLoader(ROOT).file(file).config().rolesAsked()).isFalse();
        assertThat(new ConfigLoader(ROOT)
                        .load(Map.of(Key.ROLES, "mirror,api,runtime"), Optional.empty())
                        .config()
                        .rolesAsked())
                .isTrue();
    }

    @Test
    void runtimeBringsTheApi() throws Exception {
        assertThat(new ConfigLoader(ROOT)
                        .load(Map.of(Key.ROLES, "runtime"), Optional.empty())
                        .config()
                        .roles())
                .containsOnly(Role.API, Role.RUNTIME);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mirror.adress = 'x' | mirror.adress: unknown key; did you mean mirror.address?",
                "rooot = '/x' | rooot: unknown key; did you mean root?",
                "[mirror]\\ntls = 1 | mirror.tls: unknown key",
                "[nonsense]\\nx = 1 | nonsense: unknown key; see slipwayd config default",
                "root = 7 | root: must be a string",
                "root = 'here' | root \"here\": must be an absolute path",
                "roles = ['api', 'cook'] | roles \"cook\": must be mirror, api or runtime",
                "roles = [] | names no role",
                "[grpc]\\nuid = -1 | grpc.uid \"-1\": must be 0 to 2147483647",
                "[grpc]\\naddress = 'rel.sock' | a socket path must be absolute",
                "[mirror]\\naddress = '5010' | mirror.address \"5010\": must be HOST:PORT",
                "[mirror]\\naddress = '::1:5010' | an IPv6 address needs brackets",
                "[mirror]\\naddress = 'h:70000' | a port of 0 to 65535",
                "[mirror]\\naddress = ['off', 'h:1'] | \"off\" stands alone",
                "[mirror]\\nlocal = 'yes' | mirror.local: must be true or false",
                "[mirror]\\nlocal = true\\ndefault_upstream = 'docker.io' | exclude each other",
                "[metrics]\\naddress = 'unix:/x' | metrics.address \"unix:/x\"",
                "[store]\\nmin_free = '100%' | store.min_free \"100%\": must be 0% to 99%",
                "[store]\\nmax_bytes = '5%' | must be a number of bytes",
                "[store]\\nsharing_policy = 'all' | must be shared or isolated",
                "[pull]\\nmax_concurrent_downloads = 0 | must be 1 to 256",
                "[pull]\\nconnections_per_host = 65 | must be 1 to 64",
                "[snapshots]\\nsync = 'never' | must be background or before-commit",
                "[snapshots]\\ndefault = '../x' | must be the name of a snapshotter",
                "[snapshots]\\nmax_layer_entries = 0 | must be 1 to 100000000",
                "[snapshots]\\nmax_layer_directories = -1 | must be 1 to 100000000",
                "[snapshots]\\nmax_layer_bytes = '0' | snapshots.max_layer_bytes \"0\": must be more than 0",
                "[snapshots]\\nmax_layer_ratio = 0 | must be 1 to 1000000",
                "[debug]\\nlevel = 'loud' | debug.level \"loud\": must be trace",
                "[debug]\\nformat = 'xml' | debug.format \"xml\": must be text or json",
                "root = '/a'\\nroot = '/b' | line 4 column 1: Duplicate key",
            })
    void badFilesSayWhichKeyAndWhy(String body, String complaint) throws IOException {
        Path file = write("version = 3\n" + body.replace("\\n", "\n") + "\n");

        assertThatThrownBy(() -> new ConfigLoader(ROOT).file(file))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(complaint);
    }

    @Test
    void complaintsNameTheFlagOrVariableThatIsToBlame() {
        assertThatThrownBy(() -> new ConfigLoader(ROOT).load(Map.of(Key.METRICS_ADDRESS, "x"), Optional.empty()))
                .hasMessage("--metrics-address \"x\": must be HOST:PORT");
        Host host = new Host(Map.of("SLIPWAY_ROOT", "x"), 0);
        assertThatThrownBy(() -> new ConfigLoader(host).load(Map.of(), Optional.empty()))
                .hasMessage("SLIPWAY_ROOT \"x\": must be an absolute path");
    }

    @Test
    void aFileThatIsNamedMustExist() {
        assertThatThrownBy(() -> new ConfigLoader(ROOT).load(Map.of(), Optional.of("/no/such.toml")))
                .hasMessage("config /no/such.toml: no such file");
    }

    @Test
    void socketPathsTooLongForTheKernelAreRefused() {
        String longPath = "/" + "x".repeat(106);
        assertThatThrownBy(() -> new ConfigLoader(ROOT).load(Map.of(Key.GRPC_ADDRESS, longPath), Optional.empty()))
                .hasMessageContaining("--address")
                .hasMessageContaining("at most 100 bytes");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "4096,4096", "1K,1024", "1kB,1000", "1.5MiB,1572864", "2G,2147483648", "10%,100", "7b,7"})
    void sizes(String text, long bytesOfAThousand) {
        assertThat(Size.parse(text).of(1000)).isEqualTo(bytesOfAThousand);
    }

    private Path write(String text) throws IOException {
        Path file = dir.resolve("config.toml");
        return Files.writeString(file, text);
    }
}
