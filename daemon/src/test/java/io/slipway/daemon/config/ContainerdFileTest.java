package io.slipway.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

class ContainerdFileTest {
    private static final Host ROOT = new Host(Map.of(), 0);

    @TempDir
    Path dir;

    @Test
    void keysOfVersion2WithTheSameMeaningAreHonoured() throws Exception {
        ConfigLoader.Loaded loaded = read("""
                version = 2
                root = "/data/c"
                state = "/data/run"
                oom_score = -999
                disabled_plugins = []
                imports = ["/etc/more.toml"]
                [grpc]
                  address = "/data/run/c.sock"
                  uid = 3
                  gid = 4
                  max_recv_message_size = 16777216
                  tcp_address = ""
                [debug]
                  address = ""
                  level = "panic"
                [metrics]
                  address = ""
                  grpc_histogram = false
                [plugins]
                  [plugins."io.containerd.gc.v1.scheduler"]
                    pause_threshold = 0.7
                    deletion_threshold = 5
                    mutation_threshold = -1
                    schedule_delay = "300ms"
                    startup_delay = "100ms"
                  [plugins."io.containerd.metadata.v1.bolt"]
                    content_sharing_policy = "shared"
                  [plugins."io.containerd.grpc.v1.cri"]
                    sandbox_image = "registry.k8s.io/pause:3.6"
                    max_concurrent_downloads = 3
                    [plugins."io.containerd.grpc.v1.cri".containerd]
                      snapshotter = "native"
                    [plugins."io.containerd.grpc.v1.cri".registry]
                      config_path = "/etc/c/certs.d"
                """);

        Config config = loaded.config();
        assertThat(config.root()).isEqualTo(Path.of("/data/c"));
        assertThat(config.state()).isEqualTo(Path.of("/data/run"));
        assertThat(config.grpc()).isEqualTo(new Config.Grpc(Path.of("/data/run/c.sock"), 3, 4));
        assertThat(config.debug().level()).isEqualTo(Level.ERROR);
        assertThat(config.metrics()).isEmpty();
        assertThat(config.store().shared()).isTrue();
        assertThat(config.gc())
                .as("out of range is the nearest that is not")
                .isEqualTo(new Config.Gc(0.5, 5, 0, Duration.ofMillis(300), Duration.ofMillis(100)));
        assertThat(config.pull().maxConcurrentDownloads()).isEqualTo(3);
        assertThat(config.snapshots().defaultSnapshotter()).isEqualTo("native");
        assertThat(config.registry().configPath()).containsExactly(Path.of("/etc/c/certs.d"));
        assertThat(loaded.warnings())
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .endsWith(
                                "containerd keys without a meaning here: grpc.max_recv_message_size, imports, oom_score, "
                                        + "plugins.\"io.containerd.grpc.v1.cri\".sandbox_image"));
    }

    @Test
    void keysOfVersion3AreFoundInTheirNewPlaces() throws Exception {
        Config config = read("""
                version = 3
                [plugins."io.containerd.cri.v1.images"]
                  snapshotter = "native"
                  max_concurrent_downloads = 5
                [plugins."io.containerd.cri.v1.images".registry]
                  config_path = "/a:/b"
                [plugins."io.containerd.transfer.v1.local"]
                  max_concurrent_unpacks = 2
                """).config();

        assertThat(config.snapshots().defaultSnapshotter()).isEqualTo("native");
        assertThat(config.pull()).isEqualTo(new Config.Pull(5, 4, 2));
        assertThat(config.registry().configPath()).isEqualTo(List.of(Path.of("/a"), Path.of("/b")));
    }

    @Test
    void aTcpApiIsRefused() {
        assertThatThrownBy(() -> read("version = 2\n[grpc]\ntcp_address = '0.0.0.0:1'\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("grpc.tcp_address: the API is served on a unix socket only");
    }

    @Test
    void aStreamProcessorWithoutItsProgramIsRefused() {
        assertThatThrownBy(() -> read("""
                        version = 2
                        [stream_processors."io.containerd.ocicrypt.decoder.v1.tar"]
                          path = "ctd-decoder-nowhere"
                        """))
                .hasMessageContaining("no program \"ctd-decoder-nowhere\"; install it or remove the table");
    }

    /// `containerd config default` has them on every machine.
    @Test
    void ocicryptsDecodersOfTheDefaultFileMayBeMissing() throws Exception {
        ConfigLoader.Loaded loaded = read("""
                version = 2
                [stream_processors]
                  [stream_processors."io.containerd.ocicrypt.decoder.v1.tar"]
                    accepts = ["application/vnd.oci.image.layer.v1.tar+encrypted"]
                    path = "ctd-decoder"
                    returns = "application/vnd.oci.image.layer.v1.tar"
                  [stream_processors."mine"]
                    accepts = ["application/x-mine"]
                    args = ["-a", "b"]
                    env = ["KEY=a=b"]
                    path = "cat"
                    returns = "application/vnd.oci.image.layer.v1.tar"
                """);
        assertThat(loaded.warnings())
                .singleElement()
                .asString()
                .endsWith("here: stream_processors.\"io.containerd.ocicrypt.decoder.v1.tar\"");
        assertThat(loaded.config().streamProcessors()).singleElement().satisfies(mine -> {
            assertThat(mine.id()).isEqualTo("mine");
            assertThat(mine.path()).isAbsolute().hasFileName("cat");
            assertThat(mine.args()).containsExactly("-a", "b");
            assertThat(mine.env()).containsExactly("KEY=a=b");
        });

        ConfigLoader.Loaded ours = read(loaded.text());
        assertThat(ours.config()).isEqualTo(loaded.config());
        assertThat(ours.warnings()).isEmpty();
        assertThat(ours.text()).isEqualTo(loaded.text());
    }

    @Test
    void aStreamProcessorThatCanNotWorkIsRefused() {
        for (Map.Entry<String, String> bad : Map.of(
                        "path = 'cat'\nreturns = 'b'", "accepts: must name a media type",
                        "path = 'cat'\naccepts = ['a']", "returns: must be a media type",
                        "path = 'cat'\naccepts = ['a']\nreturns = 'b'\nenv = ['X']", "env: \"X\" must be NAME=value",
                        "path = 'cat'\naccepts = 'a'\nreturns = 'b'", "accepts: must be a list of strings",
                        "path = './cat'\naccepts = ['a']\nreturns = 'b'", "path: no program \"./cat\"",
                        "patch = 'cat'", "patch: unknown key")
                .entrySet()) {
            for (int version : new int[] {2, 3}) {
                assertThatThrownBy(() -> read("version = " + version + "\n[stream_processors.x]\n" + bad.getKey()))
                        .isInstanceOf(ConfigException.class)
                        .hasMessageContaining("stream_processors.\"x\"." + bad.getValue());
            }
        }
    }

    @Test
    void whatAnOperatorHasClosedStaysClosed() throws Exception {
        assertThat(read("""
                        version = 2
                        [plugins."io.containerd.metadata.v1.bolt"]
                          content_sharing_policy = "isolated"
                        """).config().store().shared()).isFalse();
    }

    @Test
    void otherVersionsAreRefused() {
        assertThatThrownBy(() -> read("version = 1\n")).hasMessageContaining("version 1 is not read");
        assertThatThrownBy(() -> read("version = 4\n")).hasMessageContaining("version 4 is not read");
        assertThatThrownBy(() -> read("oom_score = 1\n")).hasMessageContaining("version 1 is not read");
    }

    private ConfigLoader.Loaded read(String text) throws IOException, ConfigException {
        return new ConfigLoader(ROOT).file(Files.writeString(dir.resolve("config.toml"), text));
    }
}
