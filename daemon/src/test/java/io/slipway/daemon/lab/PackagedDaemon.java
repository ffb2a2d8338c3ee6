package io.slipway.daemon.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The packaged daemon as users start it, with root and state of its own and free ports.
public final class PackagedDaemon implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LabProcess process;
    private final Path home;
    private final JsonNode ready;

    private PackagedDaemon(LabProcess process, Path home, JsonNode ready) {
        this.process = process;
        this.home = home;
        this.ready = ready;
    }

    /// The distribution that `make build` leaves.
    public static Path distribution() throws IOException {
        String repository = System.getProperty("slipway.repo", "..");
        Path distribution = Path.of(repository, "dist", "slipway").toRealPath();
        if (!Files.isExecutable(distribution.resolve("bin/slipwayd"))) {
            throw new IOException("no packaged daemon in " + distribution + "; run make build first");
        }
        return distribution;
    }

    /// Starts it with everything below `home` and waits until it is ready. Ports are picked by the system
    /// unless
    /// `flags` say otherwise. Starting again with the same home is a restart.
    public static PackagedDaemon start(Path home, String... flags) throws Exception {
        Files.createDirectories(home);
        Path readyFile = home.resolve("state/ready.json");
        List<String> command = new ArrayList<>(List.of(
                distribution().resolve("bin/slipwayd").toString(),
                "--root",
                home.resolve("root").toString(),
                "--state",
                home.resolve("state").toString()));
        if (!Arrays.asList(flags).contains("--mirror-address")) {
            command.addAll(List.of("--mirror-address", "127.0.0.1:0"));
        }
        if (!Arrays.asList(flags).contains("--metrics-address")) {
            command.addAll(List.of("--metrics-address", "127.0.0.1:0"));
        }
        command.addAll(List.of(flags));
        Files.deleteIfExists(readyFile);
        LabProcess process = LabProcess.start(home.resolve("log"), Map.of(), command);
        try {
            process.awaitReady("slipwayd", () -> Files.exists(readyFile));
            return new PackagedDaemon(process, home, JSON.readTree(readyFile.toFile()));
        } catch (Exception e) {
            process.close();
            throw e;
        }
    }

    public LabProcess process() {
        return process;
    }

    /// What ready.json said.
    public JsonNode ready() {
        return ready;
    }

    /// `HOST:PORT` of the mirror.
    public String mirror() {
        return ready.get("mirror").get(0).asText();
    }

    /// `http://HOST:PORT` of metrics and health.
    public String metrics() {
        String address = ready.get("metrics").asText();
        return address.startsWith("http") ? address : "http://" + address;
    }

    public Path root() {
        return home.resolve("root");
    }

    public Path state() {
        return home.resolve("state");
    }

    public Path socket() {
        return home.resolve("state/slipway.sock");
    }

    /// Runs the command line against it.
    public LabProcess.Result slipway(String... arguments) throws IOException, InterruptedException {
        return LabProcess.run(Map.of(), commandLine(arguments));
    }

    /// As [#slipway], failing unless it ends with 0.
    public String checkSlipway(String... arguments) throws IOException, InterruptedException {
        LabProcess.Result result = slipway(arguments);
        if (result.exit() != 0) {
            throw new IOException("slipway " + String.join(" ", arguments) + " ended with " + result.exit() + ": "
                    + result.output() + "; the daemon printed: " + process.log());
        }
        return result.stdout();
    }

    /// The command line as processes are started with it.
    public List<String> commandLine(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(distribution().resolve("bin/slipway").toString(), "--address", socket().toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /// Files that are arriving or were left behind in mid-arrival.
    public List<Path> ingests() throws IOException {
        Path ingest = root().resolve("content/ingest");
        if (!Files.exists(ingest)) {
            return List.of();
        }
        try (var files = Files.walk(ingest)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    /// Whether the store holds a blob.
    public boolean holds(String digest) {
        String[] parts = digest.split(":", 2);
        return Files.exists(root().resolve("content/blobs").resolve(parts[0]).resolve(parts[1]));
    }

    @Override
    public void close() {
        process.close();
    }
}
