package io.slipway.snapshotter.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/// Runs tests in a virtual machine inside a user namespace (with a mount namespace that belongs to it) whose root is
/// not the machine's: ids 0 to 65535 are mapped to themselves, no others are. Needs root, to write that map.
public final class InUserNamespace {
    /// On tests of what nobody can do there.
    public static final String IMPOSSIBLE = "initial-user-namespace";

    private static final String MAP = "0 0 65536\n";
    private static final String READY = "ready";

    private InUserNamespace() {}

    /// @param seconds hang bound
    public static ChildJvm.Result run(long seconds, Class<?>... tests) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "unshare", "--user", "--mount", "sh", "-c", "echo " + READY + " && read _ && exec \"$@\"", "sh"));
        String[] names = List.of(tests).stream().map(Class::getName).toArray(String[]::new);
        command.addAll(ChildJvm.command(InUserNamespace.class, names));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS).execute(process::destroyForcibly);
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
                PrintWriter input = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true)) {
            String first = output.readLine();
            if (READY.equals(first)) {
                Path inside = Path.of("/proc", Long.toString(process.pid()));
                Files.writeString(inside.resolve("uid_map"), MAP);
                Files.writeString(inside.resolve("gid_map"), MAP);
                input.println();
            }
            StringBuilder all = new StringBuilder(first + "\n");
            output.lines().forEach(line -> all.append(line).append('\n'));
            return new ChildJvm.Result(process.waitFor(), all.toString());
        } finally {
            process.destroyForcibly();
        }
    }

    /// Inside.
    ///
    /// @param tests names of classes
    public static void main(String[] tests) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(List.of(tests).stream()
                        .map(DiscoverySelectors::selectClass)
                        .toList())
                .filters(TagFilter.excludeTags(IMPOSSIBLE))
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.printFailuresTo(out, 20);
        out.println(summary.getTestsSucceededCount() + " passed, " + summary.getTotalFailureCount() + " failed");
        System.exit(summary.getTotalFailureCount() == 0 ? 0 : 1);
    }
}
