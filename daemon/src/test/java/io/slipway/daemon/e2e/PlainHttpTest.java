package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// When a registry is spoken to without TLS: on loopback after TLS was tried, else only when somebody said so.
@Tag("root")
@Tag("peer")
final class PlainHttpTest {
    /// RFC 8446: a record of type handshake.
    private static final int TLS_HANDSHAKE = 0x16;

    @TempDir
    Path work;

    /// Speaks HTTP/1.1 in the clear, knows no image, and writes down how each connection begins.
    private static final class ClearRegistry implements AutoCloseable {
        private final ServerSocket listener;
        private final List<String> begun = new CopyOnWriteArrayList<>();

        ClearRegistry(InetAddress address) throws IOException {
            listener = new ServerSocket(0, 10, address);
            Thread.ofVirtual().start(this::serve);
        }

        private void serve() {
            try {
                while (true) {
                    answer(listener.accept());
                }
            } catch (IOException closed) {
                // the test is over
            }
        }

        private void answer(Socket socket) {
            try (socket) {
                boolean tls = socket.getInputStream().read() == TLS_HANDSHAKE;
                begun.add(tls ? "https" : "http");
                String status = tls ? "400 Bad Request" : "404 Not Found";
                OutputStream out = socket.getOutputStream();
                out.write(("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.flush();
                socket.shutdownOutput();
                socket.getInputStream().skipNBytes(Long.MAX_VALUE);
            } catch (IOException clientGone) {
                // what it began with is written down
            }
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    @Test
    void onLoopbackTlsIsTriedFirstAndTheAnswerRemembered() throws Exception {
        for (String name : List.of("localhost", "127.0.0.1", "[::1]")) {
            InetAddress address = InetAddress.getByName(name.equals("localhost") ? "127.0.0.1" : name);
            try (ClearRegistry registry = new ClearRegistry(address);
                    PackagedDaemon daemon = PackagedDaemon.start(home(), "--mirror-address", "off")) {
                String reference = name + ":" + registry.port() + "/lab/none:1";
                assertThat(daemon.slipway("pull", reference).exit())
                        .as(reference)
                        .isEqualTo(3);
                assertThat(registry.begun).startsWith("https").endsWith("http");
                registry.begun.clear();
                assertThat(daemon.slipway("pull", reference).exit()).isEqualTo(3);
                assertThat(registry.begun).isNotEmpty().containsOnly("http");
            }
        }
    }

    @Test
    void anyOtherNameIsSpokenToInTheClearOnlyWhenSomebodySaysSo() throws Exception {
        // A name that is not loopback's, whatever it resolves to.
        String name = InetAddress.getLocalHost().getHostName();
        assertThat(name).isNotEqualTo("localhost");
        try (ClearRegistry registry = new ClearRegistry(InetAddress.getByName(name))) {
            String host = name + ":" + registry.port();
            String reference = host + "/lab/none:1";
            Path certs = Files.createDirectory(work.resolve("certs.d"));
            try (PackagedDaemon daemon =
                    PackagedDaemon.start(home(), "--mirror-address", "off", "--config-path", certs.toString())) {
                LabProcess.Result refused = daemon.slipway("pull", reference);
                assertThat(refused.exit()).as(refused.output()).isEqualTo(5);
                assertThat(refused.stderr().lines().filter(line -> line.startsWith("slipway: pull ")))
                        .singleElement()
                        .asString()
                        .contains(host)
                        .contains("; ");
                assertThat(registry.begun).isNotEmpty().containsOnly("https");

                registry.begun.clear();
                assertThat(daemon.slipway("pull", "--plain-http", reference).exit())
                        .isEqualTo(3);
                assertThat(registry.begun).isNotEmpty().containsOnly("http");

                registry.begun.clear();
                Path directory = Files.createDirectory(certs.resolve(host));
                Files.writeString(directory.resolve("hosts.toml"), "server = \"http://" + host + "\"\n");
                assertThat(daemon.slipway("pull", reference).exit()).isEqualTo(3);
                assertThat(registry.begun).isNotEmpty().containsOnly("http");
            }
        }
    }

    private Path home() throws IOException {
        return Files.createTempDirectory(work, "slipway-");
    }
}
