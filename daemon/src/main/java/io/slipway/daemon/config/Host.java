package io.slipway.daemon.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Who runs the daemon and in which environment; the only thing defaults may depend on.
///
/// @param environment the process's variables
/// @param effectiveUid 0 is root
public record Host(Map<String, String> environment, int effectiveUid) {
    public Host {
        environment = Map.copyOf(environment);
    }

    boolean root() {
        return effectiveUid == 0;
    }

    /// A variable that is set and not empty.
    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(v -> !v.isEmpty());
    }

    /// Where programs are looked for.
    public Optional<String> path() {
        return variable("PATH");
    }

    Path home() {
        return Path.of(variable("HOME").orElse("/"));
    }
}
