package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoriesTest {
    @TempDir
    Path dir;

    @Test
    void bothAreMadeClaimedAndGivenBack() throws Exception {
        try (Directories claimed = claim()) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(claimed.tmp())))
                    .isEqualTo("rwx------");
            assertThat(claimed.root().resolve("layout")).hasContent("1");
            assertThatThrownBy(this::claim)
                    .isInstanceOfSatisfying(
                            StartException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.IN_USE))
                    .hasMessageContaining("state " + dir.resolve("state"));
        }
        claim().close();
    }

    @Test
    void aRunningDaemonsReadyFileIsLeftAlone() throws Exception {
        try (Directories claimed = claim()) {
            Path ready = Files.writeString(claimed.state().resolve("ready.json"), "{}");
            assertThatThrownBy(this::claim).isInstanceOf(StartException.class);
            assertThat(ready).exists();
        }
    }

    @Test
    void anUnreadableLayoutIsTakenAsNewer() throws Exception {
        Path root = Files.createDirectories(dir.resolve("root"));
        Files.writeString(root.resolve("layout"), "soon\n");
        assertThatThrownBy(this::claim)
                .isInstanceOfSatisfying(
                        StartException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.FAILED))
                .hasMessageContaining("layout \"soon\"");
    }

    @Test
    void aStateOfARunningContainerdIsRefused() throws Exception {
        Path state = Files.createDirectories(dir.resolve("state"));
        try (ServerSocketChannel containerd = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            containerd.bind(UnixDomainSocketAddress.of(state.resolve("containerd.sock")));
            assertThatThrownBy(this::claim).hasMessageContaining("a containerd answers on containerd.sock");
        }
        // Refuses connections now, as a socket does whose owner is gone.
        claim().close();
    }

    @Test
    void theNodeKeepsItsName() throws Exception {
        try (Directories claimed = claim()) {
            String name = NodeId.of(claimed.root());
            assertThat(name).matches("[0-9a-f-]{36}");
            assertThat(NodeId.of(claimed.root())).isEqualTo(name);
            Files.writeString(claimed.root().resolve("uuid"), "garbage");
            assertThat(NodeId.of(claimed.root())).matches("[0-9a-f-]{36}").isNotEqualTo(name);
        }
    }

    @Test
    void onlyDeadSocketsMayBeTakenOver() throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "x");
        assertThatThrownBy(() -> UnixSocket.mustBeFree(file, "--address")).hasMessageContaining("is not a socket");
        Path socket = dir.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> UnixSocket.mustBeFree(socket, "--address"))
                    .hasMessageContaining("somebody answers there");
        }
        UnixSocket.mustBeFree(socket, "--address");
        UnixSocket.mustBeFree(dir.resolve("absent"), "--address");
    }

    private Directories claim() throws StartException {
        return Directories.claim(dir.resolve("root"), dir.resolve("state"));
    }

    @Test
    void aDirectoryThatHoldsSomethingElseIsNotTouched() throws Exception {
        Path victim = Files.createDirectories(dir.resolve("victim"));
        Path theirs = Files.createDirectories(victim.resolve("tmp")).resolve("file");
        Files.writeString(theirs, "precious");
        Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path state = Files.createDirectories(dir.resolve("their-state"));
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> Directories.claim(victim, state))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("is no root of Slipway's")
                .hasMessageContaining("--root");
        assertThat(theirs).hasContent("precious");
        assertThat(Files.getPosixFilePermissions(victim)).hasSize(9);
        assertThat(Files.getPosixFilePermissions(state)).hasSize(9);
    }
}
