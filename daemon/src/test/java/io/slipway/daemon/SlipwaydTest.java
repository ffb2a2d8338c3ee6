package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.config.ConfigLoader.Loaded;
import io.slipway.daemon.config.Flags;
import io.slipway.daemon.config.Host;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlipwaydTest {
    @TempDir
    Path dir;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<Loaded> started = new ArrayList<>();
    private ExitCode outcome = ExitCode.STOPPED;

    @Test
    void withoutACommandTheDaemonStarts() {
        assertThat(run("--root=/r", "--state", "/s", "-a", "/a.sock", "-l", "error", "--roles", "api,mirror"))
                .isEqualTo(ExitCode.STOPPED);

        assertThat(started).singleElement().satisfies(loaded -> {
            assertThat(loaded.config().root()).isEqualTo(Path.of("/r"));
            assertThat(loaded.config().grpc().address()).isEqualTo(Path.of("/a.sock"));
            assertThat(loaded.config().rolesAsked()).isTrue();
        });
    }

    @Test
    void theDaemonsExitCodeIsTheProgrammes() {
        outcome = ExitCode.IN_USE;
        assertThat(run("-l", "error")).isEqualTo(ExitCode.IN_USE);
    }

    @Test
    void aFlagGivenTwiceCountsAsLastGiven() {
        run("--root", "/a", "--root", "/b", "-l", "error");
        assertThat(started.getFirst().config().root()).isEqualTo(Path.of("/b"));
    }

    @Test
    void settingsMayStandBeforeAndAfterTheCommand() {
        assertThat(run("--root", "/a", "config", "dump", "--state", "/b")).isEqualTo(ExitCode.STOPPED);
        assertThat(text(out)).contains("root = \"/a\"").contains("state = \"/b\"");
    }

    @Test
    void helpAndVersionAreResults() {
        assertThat(run("--help")).isEqualTo(ExitCode.STOPPED);
        for (String flag : Flags.names().values()) {
            assertThat(text(out)).contains(flag + " ");
        }
        assertThat(text(out))
                .contains("config default")
                .contains("-c, --config")
                .contains("--version");
        assertThat(run("config", "dump", "-h")).isEqualTo(ExitCode.STOPPED);
        assertThat(run("--version")).isEqualTo(ExitCode.STOPPED);
        assertThat(text(out)).contains("slipwayd ");
        assertThat(text(err)).isEmpty();
    }

    @Test
    void badArgumentsAreOneLineAndTwo() {
        assertThat(run("--root")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("run")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("config")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("config", "migrate")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("config", "frobnicate")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("config", "dump", "more")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("config", "check", "a", "b")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("--root", "--state", "/s")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("--help=yes")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(run("-x")).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(text(err).lines())
                .containsExactly(
                        "slipwayd: --root: needs a value; see slipwayd --help",
                        "slipwayd: unknown argument run; see slipwayd --help",
                        "slipwayd: config: name what to do: default, dump, check or migrate",
                        "slipwayd: config migrate: name the file; see slipwayd --help",
                        "slipwayd: unknown argument frobnicate; see slipwayd --help",
                        "slipwayd: unknown argument more; see slipwayd --help",
                        "slipwayd: unknown argument b; see slipwayd --help",
                        "slipwayd: --root: needs a value; see slipwayd --help",
                        "slipwayd: unknown argument --help=yes; see slipwayd --help",
                        "slipwayd: unknown argument -x; see slipwayd --help");
        assertThat(started).isEmpty();
    }

    @Test
    void checkNamesHostsFilesThatDoNotParse() throws IOException {
        Path host = Files.createDirectories(dir.resolve("certs.d/registry.example.com"));
        Files.writeString(host.resolve("hosts.toml"), "server = [broken\n");
        Path file = Files.writeString(
                dir.resolve("config.toml"),
                "version = 3\n[registry]\nconfig_path = '" + dir.resolve("certs.d") + "'\n");

        assertThat(run("config", "check", file.toString())).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(text(err)).contains(host.resolve("hosts.toml").toString());

        Files.writeString(host.resolve("hosts.toml"), "server = 'https://registry.example.com'\n");
        assertThat(run("config", "check", file.toString())).isEqualTo(ExitCode.STOPPED);
    }

    private ExitCode run(String... args) {
        Console console = new Console(stream(out), stream(err));
        return new Slipwayd(new Host(Map.of("HOME", "/root"), 0), console, (loaded, _) -> {
                    started.add(loaded);
                    return outcome;
                })
                .run(args);
    }

    private static PrintStream stream(ByteArrayOutputStream to) {
        return new PrintStream(to, true, StandardCharsets.UTF_8);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
