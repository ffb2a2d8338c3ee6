package io.slipway.daemon.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/// A process that a test started, with what it printed in a file, ended when the test closes it.
public final class LabProcess implements AutoCloseable {
    /// Hang bound for anything a test starts.
    public static final long LIMIT_S = 60;

    private final Process process;
    private final Path log;

    private LabProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /// What a command printed and how it ended.
    ///
    /// @param exit its exit code, 128 + signal when killed
    public record Result(int exit, String stdout, String stderr) {
        /// Both outputs, for messages.
        public String output() {
            return stdout + stderr;
        }
    }

    /// Starts `command`; both of its outputs go to `log`.
    public static LabProcess start(Path log, Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        return new LabProcess(process, log);
    }

    /// Runs `command` to its end.
    public static Result run(Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        return run(2 * LIMIT_S, environment, command);
    }

    /// As [#run], for a command that may take longer.
    public static Result run(long limitSeconds, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("slipway-lab-", ".out");
        Path err = Files.createTempFile("slipway-lab-", ".err");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " hangs; so far: " + Files.readString(err));
            }
            return new Result(process.exitValue(), text(out), text(err));
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }

    /// Runs `command` and fails unless it ends with 0.
    public static String check(String... command) throws IOException, InterruptedException {
        Result result = run(Map.of(), List.of(command));
        if (result.exit() != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + result.exit() + ": " + result.output());
        }
        return result.stdout();
    }

    /// Waits until `condition` holds or the process ends.
    public void awaitReady(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!condition.call()) {
            if (process.waitFor(10, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                throw new IOException(what + " did not become ready; it printed: " + text(log));
            }
        }
    }

    /// A loopback port that nobody listened on a moment ago.
    public static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    /// Whether somebody listens on a loopback port.
    public static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// What it printed so far.
    public String log() throws IOException {
        return text(log);
    }

    /// Ends it at once, as `kill -9` does, and waits until it is gone.
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// Asks it to stop (SIGTERM).
    ///
    /// @return its exit code
    public int stop() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("pid " + process.pid() + " ignores SIGTERM; it printed: " + text(log));
        }
        return process.exitValue();
    }

    /// Waits for its end.
    ///
    /// @return its exit code
    public int awaitExit() throws IOException, InterruptedException {
        if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
            throw new IOException("pid " + process.pid() + " does not end; it printed: " + text(log));
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(15, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
