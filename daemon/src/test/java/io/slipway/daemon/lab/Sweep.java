package io.slipway.daemon.lab;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// Takes off the machine whatever runs on a test's directory: for tests that failed halfway. It ends processes by pid,
/// and only those whose command line names the directory (daemons, shims, peers) and what those started (containers),
/// then removes the mounts below it and the shim sockets and cgroups of its bundles.
public final class Sweep {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    /// In a state directory, of containerd's and of ours: namespace and id.
    private static final PathMatcher BUNDLES =
            FileSystems.getDefault().getPathMatcher("glob:**/io.containerd.runtime.v2.task/*/*");

    private static final int BUNDLE_DEPTH_MAX = 6;

    private static final String SOCKET_SCHEME = "unix://";

    private final Path home;

    private Sweep(Path home) {
        this.home = home;
    }

    /// Sweeps up after the test that had everything below `home`. Does nothing when all is clean.
    public static void below(Path home) throws IOException, InterruptedException {
        new Sweep(home.toRealPath()).run();
    }

    private void run() throws IOException, InterruptedException {
        List<Path> bundles = bundles();
        Set<Path> sockets = new HashSet<>();
        Set<String> containers = new HashSet<>();
        for (Path bundle : bundles) {
            containers.add(bundle.getFileName().toString());
            Path address = bundle.resolve("address");
            if (Files.exists(address)) {
                sockets.add(Path.of(Files.readString(address).strip().replaceFirst("^" + SOCKET_SCHEME, "")));
            }
        }
        endProcesses();
        for (String mount : mounts()) {
            LabProcess.check("umount", "-l", mount);
        }
        for (Path socket : sockets) {
            Files.deleteIfExists(socket);
        }
        removeCgroups(containers);
    }

    private List<Path> bundles() throws IOException {
        try (Stream<Path> all = Files.walk(home, BUNDLE_DEPTH_MAX)) {
            return all.filter(BUNDLES::matches).toList();
        }
    }

    /// Daemons before shims, so that none sees its shims go and acts on it, and shims before containers.
    private void endProcesses() throws InterruptedException {
        List<ProcessHandle> ours = ProcessHandle.allProcesses()
                .filter(process -> process.info()
                        .commandLine()
                        .filter(line -> line.contains(home + "/"))
                        .isPresent())
                .sorted(Comparator.comparing(Sweep::isShim))
                .toList();
        List<ProcessHandle> started =
                ours.stream().flatMap(ProcessHandle::descendants).toList();
        for (Collection<ProcessHandle> some : List.of(ours, started)) {
            some.forEach(ProcessHandle::destroyForcibly);
            for (ProcessHandle one : some) {
                try {
                    one.onExit().get(LabProcess.LIMIT_S, TimeUnit.SECONDS);
                } catch (ExecutionException | TimeoutException e) {
                    throw new IllegalStateException("pid " + one.pid() + " does not end", e);
                }
            }
        }
    }

    private static boolean isShim(ProcessHandle process) {
        return process.info()
                .commandLine()
                .filter(line -> line.contains("containerd-shim"))
                .isPresent();
    }

    /// Mount points below the directory, the innermost first.
    private List<String> mounts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                .map(line -> line.split(" ", 6)[4])
                .filter(point -> point.startsWith(home + "/"))
                .sorted(Comparator.reverseOrder())
                .toList();
    }

    private static void removeCgroups(Set<String> containers) throws IOException {
        Files.walkFileTree(CGROUPS, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                // `ID` in containerd's parent `NAMESPACE`, or `slipway@NAMESPACE@ID`.
                String name = directory.getFileName().toString();
                if (containers.contains(name.substring(name.lastIndexOf('@') + 1))) {
                    Files.deleteIfExists(directory);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException cause) {
                return FileVisitResult.CONTINUE; // a cgroup that ended while we looked
            }
        });
    }
}
