package io.slipway.daemon.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/// Finds programs the way a shell would, plus where they live when the daemon was started with a bare
/// environment.
public final class Programs {
    private static final String USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private Programs() {}

    /// The first executable of that name.
    ///
    /// @param path value of PATH
    public static Optional<Path> find(String name, Optional<String> path) {
        return Stream.concat(path.stream(), Stream.of(USUAL))
                .flatMap(dirs -> Arrays.stream(dirs.split(":", -1)))
                .filter(dir -> dir.startsWith("/"))
                .map(dir -> Path.of(dir, name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }
}
