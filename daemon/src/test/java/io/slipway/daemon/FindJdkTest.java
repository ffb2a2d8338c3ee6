package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.slipway.daemon.lab.LabProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.ci/find-jdk` on a machine without a JDK 25: fetches one from JDK_URL, checks it, keeps it.
@Tag("peer")
class FindJdkTest {
    @TempDir
    Path dir;

    private final AtomicInteger fetched = new AtomicInteger();
    private HttpServer server;
    private Path archive;
    private String checksum;

    @BeforeEach
    void serveThePackedJdk() throws Exception {
        archive = pack();
        try (var in = Files.newInputStream(archive)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
            checksum = HexFormat.of().formatHex(sha256.digest());
        }
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/jdk.tar.gz", exchange -> {
            try (exchange) {
                if (exchange.getRequestURI().getPath().endsWith(".sha256.txt")) {
                    byte[] line = (checksum + "  jdk.tar.gz\n").getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(200, line.length);
                    exchange.getResponseBody().write(line);
                } else {
                    fetched.incrementAndGet();
                    exchange.sendResponseHeaders(200, Files.size(archive));
                    Files.copy(archive, exchange.getResponseBody());
                }
            }
        });
        server.start();
    }

    @AfterEach
    void stopServing() {
        server.stop(0);
    }

    @Test
    void aJdkIsFetchedOnceCheckedAndKept() throws Exception {
        LabProcess.Result first = findJdk();

        assertThat(first.exit()).as(first.output()).isZero();
        Path home = Path.of(first.stdout().strip());
        assertThat(home).startsWithRaw(dir.resolve("cache/slipway/jdk"));
        assertThat(first.output()).contains("no JDK 25 on this machine, fetching " + url());
        LabProcess.Result version =
                LabProcess.run(Map.of(), List.of(home.resolve("bin/java").toString(), "-version"));
        assertThat(version.output()).contains("\"25");

        LabProcess.Result second = findJdk();

        assertThat(second.stdout()).isEqualTo(first.stdout());
        assertThat(fetched).hasValue(1);
    }

    @Test
    void aWrongChecksumIsRefusedAndNothingIsKept() throws Exception {
        checksum = "0".repeat(64);

        LabProcess.Result result = findJdk();

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.stdout()).isEmpty();
        assertThat(result.output()).contains("published is " + checksum + "; not used");
        try (var left = Files.list(dir.resolve("cache/slipway/jdk"))) {
            assertThat(left).isEmpty();
        }
    }

    /// Somebody who is not root and has no Maven is told in one line what to install.
    @Test
    void withoutMavenItSaysWhatToInstall() throws Exception {
        Path bin = Files.createDirectories(dir.resolve("nomaven"));
        for (String tool : List.of("sh", "dirname", "cat", "grep", "readlink", "git")) {
            Files.createSymbolicLink(
                    bin.resolve(tool), Path.of("/usr/bin", tool).toRealPath());
        }
        Path id = bin.resolve("id");
        Files.writeString(id, "#!/bin/sh\necho 1000\n");
        Files.setPosixFilePermissions(id, PosixFilePermissions.fromString("rwxr-xr-x"));
        String script =
                Path.of(System.getProperty("slipway.repo", ".."), ".ci/mvn").toString();
        LabProcess.Result result = LabProcess.run(
                Map.of("PATH", bin.toString(), "JAVA_HOME", System.getProperty("java.home")),
                List.of(script, "--version"));
        assertThat(result.exit()).as(result.output()).isEqualTo(1);
        assertThat(result.stderr()).isEqualTo("mvn: not installed; run as root: apt-get install maven\n");
    }

    private LabProcess.Result findJdk() throws IOException, InterruptedException {
        // A PATH with what the script needs and without any java.
        Path bin = Files.createDirectories(dir.resolve("bin"));
        for (String tool : List.of(
                "sh", "cat", "mkdir", "mktemp", "rm", "mv", "sha256sum", "tar", "gzip", "grep", "readlink", "curl")) {
            Path link = bin.resolve(tool);
            if (!Files.exists(link)) {
                Files.createSymbolicLink(link, Path.of("/usr/bin", tool).toRealPath());
            }
        }
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", bin.toString());
        environment.put("HOME", dir.toString());
        environment.put("JAVA_HOME", "");
        environment.put("SLIPWAY_JVM_DIRS", dir.resolve("none").toString());
        environment.put("XDG_CACHE_HOME", dir.resolve("cache").toString());
        environment.put("JDK_URL", url());
        String script = Path.of(System.getProperty("slipway.repo", ".."), ".ci/find-jdk")
                .toString();
        return LabProcess.run(environment, List.of(script));
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/jdk.tar.gz";
    }

    /// The JDK that runs this test, without sources and tools that nobody asks for here.
    private Path pack() throws IOException, InterruptedException {
        Path home = Path.of(System.getProperty("java.home")).toRealPath();
        Path packed = dir.resolve("jdk.tar.gz");
        LabProcess.Result result = LabProcess.run(
                Map.of(),
                List.of(
                        "tar",
                        "-C",
                        home.resolve("..").normalize().toString(),
                        "--exclude=src.zip",
                        "--exclude=jmods",
                        "-I",
                        "gzip -1",
                        "-cf",
                        packed.toString(),
                        home.getFileName().toString()));
        assertThat(result.exit()).as(result.output()).isZero();
        return packed;
    }
}
