package io.slipway.runtime.task;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.slipway.api.types.Mount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What tests with Debian's shim and runc need: a root file system of busybox, specs, and a look at what is left.
final class RealShim {
    static final String RUNTIME = "io.containerd.runc.v2";
    static final String SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
    static final String PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process";
    private static final String CGROUP = "slipway-runtime-test";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    final Path rootfs;

    RealShim(Path directory) throws IOException {
        rootfs = Files.createDirectories(directory.resolve("busybox"));
        for (String name : List.of("bin", "proc", "dev", "tmp")) {
            Files.createDirectories(rootfs.resolve(name));
        }
        Path busybox = Files.copy(Path.of("/bin/busybox").toRealPath(), rootfs.resolve("bin/busybox"));
        Files.setPosixFilePermissions(busybox, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String name : List.of("sh", "sleep", "echo", "cat")) {
            Files.createSymbolicLink(rootfs.resolve("bin").resolve(name), Path.of("busybox"));
        }
    }

    /// The mount of the root file system, as a snapshotter gives it.
    Mount mount() {
        return Mount.newBuilder()
                .setType("bind")
                .setSource(rootfs.toString())
                .addOptions("rbind")
                .addOptions("rw")
                .build();
    }

    /// @param group the pod it belongs to: containers of one share a shim
    static Any spec(String id, String group, String... command) {
        ObjectNode spec = JSON.createObjectNode().put("ociVersion", "1.0.2");
        spec.putObject("annotations").put("io.kubernetes.cri.sandbox-id", group);
        spec.putObject("root").put("path", "rootfs");
        spec.set("process", process(command));
        var mounts = spec.putArray("mounts");
        mounts.addObject().put("destination", "/proc").put("type", "proc").put("source", "proc");
        ObjectNode linux = spec.putObject("linux").put("cgroupsPath", "/" + CGROUP + "/" + id);
        var namespaces = linux.putArray("namespaces");
        for (String type : List.of("pid", "ipc", "uts", "mount", "network")) {
            namespaces.addObject().put("type", type);
        }
        return any(SPEC, spec);
    }

    static ObjectNode process(String... command) {
        ObjectNode process = JSON.createObjectNode().put("cwd", "/").put("terminal", false);
        process.putObject("user").put("uid", 0).put("gid", 0);
        var args = process.putArray("args");
        Stream.of(command).forEach(args::add);
        process.putArray("env").add("PATH=/bin");
        return process;
    }

    static Any any(String type, ObjectNode json) {
        return Any.newBuilder()
                .setTypeUrl(type)
                .setValue(ByteString.copyFromUtf8(json.toString()))
                .build();
    }

    /// The pid of the shim that serves `id`, by its arguments.
    static Optional<Long> pid(String id) throws IOException {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(path -> path.getFileName().toString().matches("[0-9]+"))
                    .filter(path -> {
                        List<String> words = words(path.resolve("cmdline"));
                        return !words.isEmpty()
                                && words.getFirst().endsWith("containerd-shim-runc-v2")
                                && words.contains(id);
                    })
                    .map(path -> Long.parseLong(path.getFileName().toString()))
                    .findFirst();
        }
    }

    /// The words of a file of /proc that are separated by NUL; none when the process is gone.
    static List<String> words(Path file) {
        try {
            return List.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\0", -1));
        } catch (IOException e) {
            return List.of();
        }
    }

    /// What of a task is still around: its shim, mounts below `directory`, cgroups, sockets, runc's state.
    static List<String> remains(String id, Path directory, Path state, List<Path> socketsBefore) {
        try {
            List<String> found = new java.util.ArrayList<>();
            pid(id).ifPresent(pid -> found.add("shim " + pid));
            Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                    .filter(line -> line.contains(directory.toString()))
                    .forEach(found::add);
            try (Stream<Path> groups =
                    Files.find(Path.of("/sys/fs/cgroup"), 4, (path, _) -> path.endsWith(Path.of(CGROUP, id)))) {
                groups.map(Path::toString).forEach(found::add);
            }
            sockets().stream()
                    .filter(path -> !socketsBefore.contains(path))
                    .map(Path::toString)
                    .forEach(found::add);
            Path runc = state.resolve("runc/default").resolve(id);
            if (Files.exists(runc)) {
                found.add(runc.toString());
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Path> sockets() throws IOException {
        Path directory = Path.of("/run/containerd/s");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> sockets = Files.list(directory)) {
            return sockets.toList();
        }
    }

    /// Removes the test's own parent cgroups, which runc leaves.
    static void removeCgroups() throws IOException {
        try (Stream<Path> groups =
                Files.find(Path.of("/sys/fs/cgroup"), 3, (path, _) -> path.endsWith(Path.of(CGROUP)))) {
            for (Path group : groups.toList()) {
                Files.deleteIfExists(group);
            }
        }
    }
}
