package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A cgroup of its own for one contestant, so that the CPU time and memory of all its processes count, helpers that it
/// starts included. Works on cgroup v1 (cpuacct hierarchy) and on v2.
final class Cgroup implements AutoCloseable {
    private static final Path V1 = Path.of("/sys/fs/cgroup/cpuacct");
    private static final Path V2 = Path.of("/sys/fs/cgroup");

    private final Path directory;
    private final boolean v1;

    private Cgroup(Path directory, boolean v1) {
        this.directory = directory;
        this.v1 = v1;
    }

    static Cgroup create(String name) throws IOException {
        boolean v1 = Files.exists(V1.resolve("cpuacct.usage"));
        Path directory =
                (v1 ? V1 : V2).resolve(name + "-" + ProcessHandle.current().pid());
        Files.createDirectory(directory);
        return new Cgroup(directory, v1);
    }

    /// A command line that enters this cgroup and becomes `command`.
    List<String> inside(List<String> command) {
        List<String> line = new ArrayList<>(
                List.of("/bin/sh", "-c", "echo $$ > " + directory.resolve("cgroup.procs") + " && exec \"$@\"", "sh"));
        line.addAll(command);
        return line;
    }

    /// CPU time used so far by everything that was ever in here, in seconds.
    double cpuSeconds() throws IOException {
        if (v1) {
            return Long.parseLong(
                            Files.readString(directory.resolve("cpuacct.usage")).strip())
                    / 1e9;
        }
        for (String line : Files.readAllLines(directory.resolve("cpu.stat"))) {
            if (line.startsWith("usage_usec ")) {
                return Long.parseLong(line.substring("usage_usec ".length())) / 1e6;
            }
        }
        throw new IOException("no usage_usec in " + directory.resolve("cpu.stat"));
    }

    /// Sum of VmRSS over the processes inside, in bytes. Pages shared between two processes count twice, which is the
    /// same for every contestant.
    long residentBytes() throws IOException {
        long kib = 0;
        for (String pid : Files.readAllLines(directory.resolve("cgroup.procs"))) {
            kib += residentKib(pid);
        }
        return kib * 1024;
    }

    private static long residentKib(String pid) throws IOException {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", pid, "status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
        } catch (NoSuchFileException e) {
            return 0; // ended between the listing and the read
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("No such process")) {
                return 0;
            }
            throw e;
        }
        return 0;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory);
    }
}
