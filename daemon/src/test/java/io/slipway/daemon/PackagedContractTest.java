package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor;
import org.hawkular.agent.prometheus.types.MetricFamily;
import org.hawkular.agent.prometheus.walkers.CollectorPrometheusMetricsWalker;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The outside contract of slipwayd, line by line, on the packaged daemon with its own root, state and
/// free ports.
@Tag("peer")
class PackagedContractTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();
    /// fcntl(2): zero when open for reading only.
    private static final int O_ACCMODE = 3;

    @TempDir
    Path dir;

    @Test
    void readyFileSaysWhereEverythingIsAndGoesWhenTheDaemonStops() throws Exception {
        PackagedDaemon daemon = PackagedDaemon.start(dir);
        try (daemon) {
            JsonNode ready = daemon.ready();
            assertThat(ready.properties().stream().map(Map.Entry::getKey))
                    .containsExactly("pid", "version", "address", "ttrpc", "mirror", "metrics", "roles", "ms");
            assertThat(ready.get("pid").asLong()).isEqualTo(daemon.process().pid());
            assertThat(ready.get("address").asText()).isEqualTo(daemon.socket().toString());
            assertThat(ready.get("mirror").get(0).asText()).matches("127\\.0\\.0\\.1:[1-9][0-9]+");
            assertThat(ready.get("metrics").asText()).matches("127\\.0\\.0\\.1:[1-9][0-9]+");
            assertThat(daemon.process().log())
                    .contains("slipwayd ready pid=" + daemon.process().pid())
                    .contains("socket   " + daemon.socket())
                    .contains("mirror   " + daemon.mirror())
                    .contains("metrics  http://");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(daemon.socket())))
                    .isEqualTo("rw-rw----");
            for (Path claimed : List.of(daemon.root(), daemon.state())) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(claimed)))
                        .isEqualTo("rwx--x--x");
            }

            assertThat(daemon.process().stop()).isZero();

            assertThat(daemon.state().resolve("ready.json")).doesNotExist();
            assertThat(daemon.socket()).doesNotExist();
            assertThat(daemon.socket().resolveSibling("slipway.sock.ttrpc")).doesNotExist();
        }
    }

    @Test
    void healthReadinessAndMetricsAnswer() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(dir)) {
            assertThat(get(daemon.metrics() + "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(daemon.metrics() + "/readyz").statusCode()).isEqualTo(200);
            assertThat(get(daemon.metrics() + "/else").statusCode()).isEqualTo(404);

            String text = get(daemon.metrics() + "/v1/metrics").body();

            List<MetricFamily> families = parse(text);
            assertThat(families)
                    .extracting(MetricFamily::getName)
                    .contains(
                            "containerd_container_count",
                            "containerd_task_count",
                            "containerd_image_pull_duration_seconds",
                            "slipway_ready",
                            "slipway_build_info",
                            "slipway_memory_resident_bytes");
            for (MetricFamily family : families) {
                assertThat(family.getHelp()).as("HELP of " + family.getName()).isNotBlank();
                assertThat(text).contains("# TYPE " + family.getName() + " ");
            }
        }
    }

    @Test
    void withJsonEveryLineIsAnObjectFromTheFirstOn() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(dir, "--log-format", "json", "--log-level", "trace")) {
            get(daemon.metrics() + "/v1/metrics");
            daemon.slipway("version");
            assertThat(daemon.process().stop()).isZero();

            List<String> lines = daemon.process().log().lines().toList();
            assertThat(lines).hasSizeGreaterThan(3);
            for (String line : lines) {
                JsonNode event = object(line);
                assertThat(event.properties().stream().map(Map.Entry::getKey).limit(3))
                        .containsExactly("time", "level", "msg");
            }
            assertThat(lines).anyMatch(line -> line.contains("\"msg\":\"slipwayd ready\",\"pid\":"));
        }
        LabProcess.Result bad = slipwayd("--log-format", "json", "--nonsense");
        assertThat(bad.exit()).isEqualTo(2);
        assertThat(object(bad.stderr()).get("msg").asText()).contains("--nonsense");
    }

    @Test
    void aMirrorOffLoopbackIsABadConfigNamingTheKey() throws Exception {
        LabProcess.Result open = slipwayd(
                "--root",
                dir.resolve("r").toString(),
                "--state",
                dir.resolve("s").toString(),
                "--metrics-address",
                "off",
                "--mirror-address",
                "0.0.0.0:0");
        assertThat(open.exit()).as(open.output()).isEqualTo(2);
        assertThat(open.stderr()).hasLineCount(1).contains("[mirror] address", "0.0.0.0:0", "loopback");
        assertThat(dir.resolve("s/ready.json")).doesNotExist();
    }

    /// gRPC over HTTP/2: status 12 is UNIMPLEMENTED.
    @Test
    void callsThatAreNotServedAreUnimplemented() throws Exception {
        Path empty = dir.resolve("empty");
        Files.write(empty, new byte[5]);
        try (PackagedDaemon daemon = PackagedDaemon.start(dir.resolve("d"))) {
            for (String call : List.of(
                    "containerd.services.sandbox.v1.Controller/Create",
                    "containerd.services.images.v1.Images/NoSuchCall",
                    "no.such.Service/Call")) {
                String answer = LabProcess.check(
                        "curl",
                        "-sS",
                        "--http2-prior-knowledge",
                        "--unix-socket",
                        daemon.socket().toString(),
                        "-D",
                        "-",
                        "-H",
                        "content-type: application/grpc",
                        "-H",
                        "te: trailers",
                        "--data-binary",
                        "@" + empty,
                        "http://localhost/" + call);
                assertThat(answer).as(call).contains("grpc-status: 12");
            }
        }
    }

    @Test
    void flagBeatsVariableBeatsFileBeatsDefault() throws Exception {
        Path file = dir.resolve("config.toml");
        Files.writeString(file, "version = 3\nroot = '/file'\nstate = '/file/run'\n[pull]\nmax_unpacks = 7\n");
        Map<String, String> environment = Map.of(
                "SLIPWAY_CONFIG", file.toString(),
                "SLIPWAY_ROOT", "/variable",
                "SLIPWAY_STATE", "/variable/run",
                "SLIPWAY_METRICS_ADDRESS", "off");

        LabProcess.Result dump = run(environment, "--root", "/flag", "config", "dump");

        assertThat(dump.exit()).as(dump.output()).isZero();
        assertThat(dump.stdout().replaceAll(" +# .*", ""))
                .contains("root = \"/flag\"\n")
                .contains("state = \"/variable/run\"\n")
                .contains("address = \"/variable/run/slipway.sock\"\n")
                .contains("address = \"off\"\n")
                .contains("max_unpacks = 7\n")
                .contains("connections_per_host = 4\n");
    }

    @Test
    void configDefaultIsAGoodFile() throws Exception {
        Path file = dir.resolve("config.toml");
        Files.writeString(file, slipwayd("config", "default").stdout());

        LabProcess.Result check = slipwayd("config", "check", file.toString());

        assertThat(check.exit()).as(check.output()).isZero();
        assertThat(check.stdout()).isEqualTo(file + ": good\n");
        assertThat(slipwayd("config", "migrate", file.toString()).stdout()).isEqualTo(Files.readString(file));
    }

    @Test
    void badFlagsAndFilesEndWithTwoAndOneLine() throws Exception {
        Path file = dir.resolve("config.toml");
        Files.writeString(file, "version = 3\n[mirror]\nadress = 'x'\n");

        refused(2, "mirror.adress: unknown key; did you mean mirror.address?", "--config", file.toString());
        refused(2, "unknown argument --rooot", "--rooot", "x");
        refused(2, "--metrics-address \"x\": must be HOST:PORT", "--metrics-address", "x");
        refused(2, "--roles \"cook\": must be mirror, api or runtime", "--roles", "cook");
        refused(2, "no such file", "--config", dir + "/none.toml");
    }

    @Test
    void whatIsInUseEndsWithThreeAndOneLine() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(dir.resolve("first"));
                ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = "127.0.0.1:" + taken.getLocalPort();
            String free = dir.resolve("second").toString();

            refused(
                    3,
                    "another slipwayd holds its lock",
                    "--root",
                    free,
                    "--state",
                    daemon.state().toString());
            refused(
                    3,
                    "another slipwayd holds its lock",
                    "--root",
                    daemon.root().toString(),
                    "--state",
                    free);
            refused(3, port, own("--mirror-address", port));
            refused(3, port, own("--metrics-address", port));
            refused(
                    3,
                    "somebody answers there",
                    own("--address", daemon.socket().toString()));
            assertThat(daemon.state().resolve("ready.json"))
                    .as("of the running daemon")
                    .exists();
        }
    }

    @Test
    void staleFilesAreReplaced() throws Exception {
        Path state = Files.createDirectories(dir.resolve("state"));
        Path socket = state.resolve("slipway.sock");
        // A socket that a killed process left: bound, and nobody listens any more.
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        Files.createDirectories(dir.resolve("root/tmp/left"));
        Files.writeString(dir.resolve("root/tmp/left/behind"), "x");
        Files.writeString(dir.resolve("root/layout"), "1\n");
        try (PackagedDaemon daemon = PackagedDaemon.start(dir)) {
            assertThat(daemon.slipway("version").exit()).isZero();
            assertThat(dir.resolve("root/tmp/left")).doesNotExist();
        }
    }

    @Test
    void aStaleReadyFileGoesEvenWhenTheStartFails() throws Exception {
        Path stale = Files.createDirectories(dir.resolve("own/state")).resolve("ready.json");
        Files.writeString(stale, "{}");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            refused(3, "metrics address", own("--metrics-address", "127.0.0.1:" + taken.getLocalPort()));
        }
        assertThat(stale).doesNotExist();
    }

    @Test
    void rootsOfOthersAndOfNewerVersionsAreRefused() throws Exception {
        Path containerds = dir.resolve("containerd");
        Files.createDirectories(containerds.resolve("io.containerd.metadata.v1.bolt"));
        Path newer = Files.createDirectories(dir.resolve("newer"));
        Files.writeString(newer.resolve("layout"), "2\n");
        String state = dir.resolve("state").toString();

        refused(
                3,
                "holds containerd's store; name another directory",
                "--root",
                containerds.toString(),
                "--state",
                state);
        refused(1, "has layout \"2\", this version knows up to 1", "--root", newer.toString(), "--state", state);
        assertThat(containerds).isDirectoryNotContaining("glob:**/lock");
    }

    @Test
    void anAskedRoleThatLacksSomethingEndsWithFour() throws Exception {
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        command.add(slipwaydPath());
        command.addAll(List.of("--roles", "runtime", "--root", "/nowhere", "--state", "/nowhere"));

        LabProcess.Result result = LabProcess.run(Map.of(), command);

        assertThat(result.exit()).as(result.output()).isEqualTo(4);
        assertThat(result.stderr()).contains("role runtime: needs root").hasLineCount(1);
    }

    @Test
    void withoutRootTheDefaultRolesAreMirrorAndApi() throws Exception {
        Path home = Files.createDirectory(dir.resolve("home"));
        LabProcess.check("chown", "65534:65534", home.toString());
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path ready = home.resolve("run/slipway/ready.json");
        List<String> command = List.of(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                slipwaydPath(),
                "--mirror-address",
                "[::1]:0,127.0.0.1:0",
                "--metrics-address",
                "off");
        Map<String, String> environment =
                Map.of("HOME", home.toString(), "XDG_DATA_HOME", home + "/data", "XDG_RUNTIME_DIR", home + "/run");
        try (LabProcess daemon = LabProcess.start(dir.resolve("log"), environment, command)) {
            daemon.awaitReady("slipwayd", () -> Files.exists(ready));
            JsonNode said = JSON.readTree(ready.toFile());

            assertThat(said.get("roles").toString()).isEqualTo("[\"mirror\",\"api\"]");
            assertThat(said.get("mirror").get(0).asText()).startsWith("[::1]:");
            assertThat(said.get("mirror")).hasSize(2);
            assertThat(said.get("metrics").asText()).isEmpty();
            assertThat(home.resolve("data/slipway/content")).isDirectory();
            assertThat(daemon.stop()).isZero();
        }
    }

    @Test
    void interruptStopsInOrderHangupReloadsAndUsr1Dumps() throws Exception {
        Path file = dir.resolve("config.toml");
        Files.writeString(file, "version = 3\n");
        try (PackagedDaemon daemon = PackagedDaemon.start(dir.resolve("d"), "--config", file.toString())) {
            Files.writeString(file, "version = 3\n[debug]\nlevel = 'debug'\n");
            signal("HUP", daemon);
            await("reload").atMost(LIMIT).until(() -> daemon.process().log().contains("Reloaded"));
            assertThat(daemon.process().log()).contains("level=DEBUG");
            Files.writeString(file, "version = 3\n[debug]\nlevel = 'loud'\n");
            signal("HUP", daemon);
            await("refusal").atMost(LIMIT).until(() -> daemon.process().log().contains("Not reloaded."));

            signal("USR1", daemon);
            await("dump")
                    .atMost(LIMIT)
                    .until(() -> daemon.process().log().contains("thread dump")
                            && daemon.process().log().contains("vert.x-eventloop"));

            signal("INT", daemon);
            assertThat(daemon.process().awaitExit()).isZero();
            assertThat(daemon.process().log()).contains("Stopped.");
        }
    }

    /// Before the JVM hears signals the kernel ends the process; then nothing may be there yet.
    @Test
    void aStopThatComesAtOnceLeavesNothingOrStopsInOrder() throws Exception {
        List<String> command = List.of(
                slipwaydPath(),
                "--root",
                dir + "/root",
                "--state",
                dir + "/state",
                "--mirror-address",
                "off",
                "--metrics-address",
                "off");
        try (LabProcess daemon = LabProcess.start(dir.resolve("log"), Map.of(), command)) {
            int exit = daemon.stop();
            assertThat(exit).as(daemon.log()).isIn(0, 128 + 15);
            if (exit != 0) {
                assertThat(dir.resolve("root")).doesNotExist();
                assertThat(dir.resolve("state")).doesNotExist();
            }
        }
    }

    @Test
    void theTreeRunsFromAnywhereWithoutAnEnvironmentAndUnpacksNothing() throws Exception {
        Path copy = dir.resolve("some where/slipway");
        Files.createDirectories(copy.resolve(".."));
        LabProcess.check("cp", "-a", PackagedDaemon.distribution().toString(), copy.toString());
        Path link = dir.resolve("link");
        Files.createSymbolicLink(link, copy.resolve("bin/slipwayd"));
        List<String> command = List.of(
                "env",
                "-i",
                "JAVA_TOOL_OPTIONS=-Xnonsense",
                "CLASSPATH=/nowhere",
                link.toString(),
                "--root",
                dir + "/root",
                "--state",
                dir + "/state",
                "--mirror-address",
                "127.0.0.1:0",
                "--metrics-address",
                "127.0.0.1:0");
        try (LabProcess daemon = LabProcess.start(dir.resolve("log"), Map.of(), command)) {
            daemon.awaitReady("slipwayd", () -> Files.exists(dir.resolve("state/ready.json")));

            String ours = copy.toRealPath() + "/lib/native/";
            List<String> libraries = Files.readAllLines(Path.of("/proc/" + daemon.pid() + "/maps")).stream()
                    .filter(line -> line.contains(".so"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .filter(path -> !path.startsWith("/usr/") && !path.startsWith(ours))
                    .toList();
            assertThat(libraries).as("mapped from elsewhere").isEmpty();
            assertThat(Files.readString(Path.of("/proc/" + daemon.pid() + "/maps")))
                    .contains("/lib/slipwayd.aot");
            assertThat(daemon.log()).doesNotContain("Xnonsense");
            assertThat(daemon.stop()).isZero();
        }
    }

    @Test
    void theDistributionHasWhatTheContractNames() throws Exception {
        Path distribution = PackagedDaemon.distribution();
        for (String program : List.of("slipwayd", "slipway")) {
            assertThat(distribution.resolve("bin/" + program)).isExecutable();
            assertThat(Files.readString(distribution.resolve("bin/" + program))).startsWith("#!/bin/sh\n");
            assertThat(distribution.resolve("lib/" + program + ".aot")).isNotEmptyFile();
        }
        assertThat(Files.readString(distribution.resolve("lib/jvm.sh")))
                .containsPattern("\n    exec \"\\$java\" [^&|;]*\"\\$@\"\n}\n$");
        assertThat(distribution.resolve("lib")).isDirectoryContaining("glob:**/slipway.jar");
        assertThat(distribution.resolve("lib/native")).isDirectoryContaining("glob:**.so");
        assertThat(distribution.resolve("etc/config.toml")).isNotEmptyFile();
        assertThat(distribution.resolve("share/slipwayd.service")).isNotEmptyFile();
        LabProcess.check("git", "-C", distribution.toString(), "check-ignore", "-q", distribution.toString());
    }

    @Test
    void theServiceManagerIsTold() throws Exception {
        Path socket = dir.resolve("notify");
        // The JDK has no datagram unix sockets, so Python plays the service manager.
        String manager = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                s.bind(sys.argv[1])
                while True:
                    print(s.recv(1000).decode(), flush=True)
                """;
        try (LabProcess told = LabProcess.start(
                dir.resolve("told"), Map.of(), List.of("/usr/bin/python3", "-c", manager, socket.toString()))) {
            told.awaitReady("the manager", () -> Files.exists(socket));
            List<String> command = new ArrayList<>(List.of(slipwaydPath(), "--state", dir + "/own/state"));
            command.addAll(List.of("--root", dir + "/own/root", "--mirror-address", "off", "--metrics-address", "off"));
            try (LabProcess daemon =
                    LabProcess.start(dir.resolve("log"), Map.of("NOTIFY_SOCKET", socket.toString()), command)) {
                daemon.awaitReady("READY=1", () -> told.log().contains("READY=1\n"));
                assertThat(dir.resolve("own/state/ready.json"))
                        .as("written before")
                        .exists();
                assertThat(daemon.stop()).isZero();
            }
            await("the stop is told").atMost(LIMIT).until(() -> told.log().endsWith("STOPPING=1\n"));
        }
    }

    @Test
    void nothingIsWrittenOutsideRootAndState() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(dir.resolve("home"))) {
            daemon.slipway("pull", "127.0.0.1:9/no/such:1");
            Path process = Path.of("/proc/" + daemon.process().pid());
            List<String> written = new ArrayList<>();
            try (var descriptors = Files.list(process.resolve("fd"))) {
                for (Path descriptor : descriptors.toList()) {
                    String target;
                    int flags;
                    try {
                        target = Files.readSymbolicLink(descriptor).toString();
                        flags = flags(process.resolve("fdinfo").resolve(descriptor.getFileName()));
                    } catch (NoSuchFileException closed) {
                        continue;
                    }
                    if ((flags & O_ACCMODE) != 0 && target.startsWith("/") && !target.startsWith("/dev/")) {
                        written.add(target);
                    }
                }
            }
            assertThat(written).as("open for writing").isNotEmpty().allMatch(file -> file.startsWith(dir + "/home/"));
        }
    }

    private static int flags(Path fdinfo) throws IOException {
        return Files.readAllLines(fdinfo).stream()
                .filter(line -> line.startsWith("flags:"))
                .mapToInt(line ->
                        Integer.parseInt(line.substring("flags:".length()).strip(), 8))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void mirrorAloneHasNoSocket() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(dir, "--roles", "mirror")) {
            assertThat(daemon.ready().get("roles").toString()).isEqualTo("[\"mirror\"]");
            assertThat(daemon.ready().get("address").asText()).isEmpty();
            assertThat(daemon.socket()).doesNotExist();
            assertThat(get("http://" + daemon.mirror() + "/v2/").statusCode()).isEqualTo(200);
        }
    }

    private static void signal(String name, PackagedDaemon daemon) throws Exception {
        LabProcess.check("kill", "-" + name, Long.toString(daemon.process().pid()));
    }

    private static HttpResponse<String> get(String url) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(url)).timeout(LIMIT).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    private static List<MetricFamily> parse(String text) throws IOException {
        CollectorPrometheusMetricsWalker walker = new CollectorPrometheusMetricsWalker();
        new TextPrometheusMetricsProcessor(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), walker)
                .walk();
        return walker.getAllMetricFamilies();
    }

    private static JsonNode object(String line) {
        try {
            JsonNode node = JSON.readTree(line);
            assertThat(node.isObject()).as(line).isTrue();
            return node;
        } catch (JsonProcessingException e) {
            throw new AssertionError("no JSON: " + line, e);
        }
    }

    private String[] own(String flag, String value) {
        List<String> arguments = new ArrayList<>(
                List.of("--root", dir + "/own/root", "--state", dir + "/own/state", "--mirror-address", "127.0.0.1:0"));
        if (!flag.equals("--metrics-address")) {
            arguments.addAll(List.of("--metrics-address", "127.0.0.1:0"));
        }
        arguments.addAll(List.of(flag, value));
        return arguments.toArray(String[]::new);
    }

    private static void refused(int exit, String why, String... arguments) throws Exception {
        LabProcess.Result result = slipwayd(arguments);
        assertThat(result.exit()).as(result.output()).isEqualTo(exit);
        assertThat(result.stderr().lines())
                .singleElement()
                .asString()
                .startsWith("slipwayd: ")
                .contains(why);
        assertThat(result.stdout()).isEmpty();
    }

    private static LabProcess.Result slipwayd(String... arguments) throws IOException, InterruptedException {
        return run(Map.of(), arguments);
    }

    private static LabProcess.Result run(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(slipwaydPath()));
        command.addAll(List.of(arguments));
        return LabProcess.run(environment, command);
    }

    private static String slipwaydPath() throws IOException {
        return PackagedDaemon.distribution().resolve("bin/slipwayd").toString();
    }
}
