package io.slipway.puller.hosts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds the directory that speaks for a registry (specs: hosts-toml 2). Each root is tried completely, its `_default`
/// included, before the next.
final class HostsDirectory {
    private HostsDirectory() {}

    /// The first path that exists; what it holds is not looked at.
    ///
    /// @throws IOException when a path can be neither found nor excluded
    static Optional<Path> find(List<Path> roots, String registry) throws IOException {
        for (Path root : roots) {
            for (String name : names(registry, true)) {
                Path candidate = root.resolve(name);
                if (exists(candidate)) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    /// Whether some root names this registry itself, not only by `_default`.
    static boolean named(List<Path> roots, String registry) {
        return roots.stream()
                .anyMatch(root -> names(registry, false).stream().anyMatch(name -> Files.exists(root.resolve(name))));
    }

    private static List<String> names(String registry, boolean withDefault) {
        List<String> names = new ArrayList<>();
        int colon = registry.lastIndexOf(':');
        if (colon > registry.lastIndexOf(']')) {
            names.add(registry.substring(0, colon) + "_" + registry.substring(colon + 1) + "_");
        }
        names.add(registry);
        if (withDefault) {
            names.add("_default");
        }
        return names;
    }

    private static boolean exists(Path path) throws IOException {
        try {
            Files.readAttributes(path, BasicFileAttributes.class, new LinkOption[0]);
            return true;
        } catch (NoSuchFileException absent) {
            return false;
        }
    }
}
