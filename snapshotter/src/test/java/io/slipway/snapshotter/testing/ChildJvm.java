package io.slipway.snapshotter.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs a main class of the tests in a virtual machine of its own with about the heap that the daemon's launcher gives
/// (`daemon/src/main/sh/jvm.sh`): what needs more memory ends it.
public final class ChildJvm {
    private ChildJvm() {}

    /// @param output both outputs
    public record Result(int exit, String output) {}

    static List<String> command(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx96m",
                "-XX:MaxDirectMemorySize=48m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /// @param seconds hang bound
    public static Result run(Class<?> main, long seconds, String... arguments)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("slipway-child-", ".out");
        try {
            Process process = new ProcessBuilder(command(main, arguments))
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    throw new IOException(main.getName() + " hangs; so far: " + Files.readString(out));
                }
                return new Result(process.exitValue(), Files.readString(out));
            } finally {
                process.destroyForcibly().waitFor();
            }
        } finally {
            Files.deleteIfExists(out);
        }
    }
}
