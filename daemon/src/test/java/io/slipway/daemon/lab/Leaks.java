package io.slipway.daemon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// What a test may leave behind on the machine by accident: mounts, shims, shim sockets, cgroups. Taken before, asked
/// again after.
///
/// @param mounts lines of this process's mountinfo without their ids
/// @param shims command lines of running shims
/// @param sockets names in the directory of shim sockets
/// @param cgroups directories of the cgroup hierarchies
public record Leaks(
        SortedSet<String> mounts, SortedSet<String> shims, SortedSet<String> sockets, SortedSet<String> cgroups) {
    private static final Path SHIM_SOCKETS = Path.of("/run/containerd/s");
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    /// Cgroups vanish and shims exit shortly after the call that ends them.
    private static final Duration SETTLES_WITHIN = Duration.ofSeconds(20);

    /// What is there now.
    public static Leaks now() throws IOException {
        SortedSet<String> mounts = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
            mounts.add(line.replaceFirst("^\\d+ \\d+ \\S+ ", ""));
        }
        SortedSet<String> shims = new TreeSet<>();
        ProcessHandle.allProcesses()
                .forEach(process -> process.info()
                        .commandLine()
                        .filter(line -> line.contains("containerd-shim"))
                        .ifPresent(line -> shims.add(process.pid() + " " + line)));
        SortedSet<String> sockets = new TreeSet<>();
        if (Files.isDirectory(SHIM_SOCKETS)) {
            try (Stream<Path> files = Files.list(SHIM_SOCKETS)) {
                files.forEach(file -> sockets.add(file.getFileName().toString()));
            }
        }
        return new Leaks(mounts, shims, sockets, cgroupDirectories());
    }

    /// Fails when something is there now that was not there then.
    public void assertNothingNew() {
        Awaitility.await("everything a test made is gone")
                .atMost(SETTLES_WITHIN)
                .untilAsserted(() -> {
                    Leaks now = now();
                    assertThat(without(now.mounts, mounts)).as("mounts left").isEmpty();
                    assertThat(without(now.shims, shims)).as("shims left").isEmpty();
                    assertThat(without(now.sockets, sockets))
                            .as("shim sockets left")
                            .isEmpty();
                    assertThat(without(now.cgroups, cgroups)).as("cgroups left").isEmpty();
                });
    }

    private static SortedSet<String> without(SortedSet<String> all, SortedSet<String> known) {
        SortedSet<String> rest = new TreeSet<>(all);
        rest.removeAll(known);
        return rest;
    }

    private static SortedSet<String> cgroupDirectories() throws IOException {
        SortedSet<String> found = new TreeSet<>();
        Files.walkFileTree(CGROUPS, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                found.add(directory.toString());
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException cause) {
                return FileVisitResult.CONTINUE; // a cgroup that ended while we looked
            }
        });
        return found;
    }
}
