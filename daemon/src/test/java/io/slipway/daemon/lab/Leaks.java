package io.slipway.daemon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.awaitility.Awaitility;

/// What a test may leave behind on the machine by accident: mounts, shims, shim sockets, FIFOs, cgroups. Taken before,
/// asked again after. What it leaves below its own directory is the test's to look at: see [#fifosBelow].
///
/// @param mounts lines of this process's mountinfo without their ids
/// @param shims command lines of running shims
/// @param runFiles what is below the run directory that all shims and `ctr` share: sockets and FIFOs
/// @param cgroups directories of the cgroup hierarchies
public record Leaks(
        SortedSet<String> mounts, SortedSet<String> shims, SortedSet<String> runFiles, SortedSet<String> cgroups) {
    private static final Path SHARED_RUN = Path.of("/run/containerd");
    /// stat(2), inode(7).
    private static final int S_IFMT = 0170000;

    private static final int S_IFIFO = 0010000;
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
        SortedSet<String> runFiles = new TreeSet<>();
        visit(SHARED_RUN, _ -> {}, file -> runFiles.add(file.toString()));
        SortedSet<String> cgroups = new TreeSet<>();
        visit(CGROUPS, directory -> cgroups.add(directory.toString()), _ -> {});
        return new Leaks(mounts, shims, runFiles, cgroups);
    }

    /// Named pipes below a directory.
    public static List<Path> fifosBelow(Path directory) throws IOException {
        List<Path> fifos = new ArrayList<>();
        visit(directory, _ -> {}, file -> {
            int mode = (Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & S_IFMT) == S_IFIFO) {
                fifos.add(file);
            }
        });
        return fifos;
    }

    /// Fails when something is there now that was not there then.
    public void assertNothingNew() {
        Awaitility.await("everything a test made is gone")
                .atMost(SETTLES_WITHIN)
                .untilAsserted(() -> {
                    Leaks now = now();
                    assertThat(without(now.mounts, mounts)).as("mounts left").isEmpty();
                    assertThat(without(now.shims, shims)).as("shims left").isEmpty();
                    assertThat(without(now.runFiles, runFiles))
                            .as("shim sockets or FIFOs left")
                            .isEmpty();
                    assertThat(without(now.cgroups, cgroups)).as("cgroups left").isEmpty();
                });
    }

    private static SortedSet<String> without(SortedSet<String> all, SortedSet<String> known) {
        SortedSet<String> rest = new TreeSet<>(all);
        rest.removeAll(known);
        return rest;
    }

    private interface Visited {
        void accept(Path path) throws IOException;
    }

    private static void visit(Path top, Visited directories, Visited files) throws IOException {
        if (!Files.exists(top)) {
            return;
        }
        Files.walkFileTree(top, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                directories.accept(directory);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                files.accept(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException cause) {
                return FileVisitResult.CONTINUE; // ended while we looked
            }
        });
    }
}
