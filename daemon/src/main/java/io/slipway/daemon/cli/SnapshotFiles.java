package io.slipway.daemon.cli;

import io.slipway.api.types.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds the directories behind a snapshot's mounts, where they are directories.
final class SnapshotFiles {
    private SnapshotFiles() {}

    /// Opens the files of a snapshot by its mounts; empty when these are of a kind that cannot be read unmounted.
    static Optional<LayeredFiles> open(List<Mount> mounts) throws IOException {
        if (mounts.size() != 1 || !mounts.getFirst().getTarget().isEmpty()) {
            return Optional.empty();
        }
        Mount mount = mounts.getFirst();
        List<Path> layers = switch (mount.getType()) {
            case "bind" -> List.of(Path.of(mount.getSource()));
            case "overlay" -> layers(mount.getOptionsList());
            default -> List.of();
        };
        return layers.isEmpty() ? Optional.empty() : Optional.of(new LayeredFiles(layers));
    }

    /// Upper directory, then lower ones from the nearest on.
    static List<Path> layers(List<String> options) {
        List<Path> upper = new ArrayList<>();
        List<Path> lower = new ArrayList<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            String value = option.substring(equals + 1);
            switch (equals < 0 ? "" : option.substring(0, equals)) {
                case "upperdir" -> upper.add(Path.of(unescaped(value)));
                case "lowerdir" -> lower.addAll(splitAtColons(value));
                case "lowerdir+" -> lower.add(Path.of(value));
                default -> {}
            }
        }
        upper.addAll(lower);
        return upper;
    }

    /// overlayfs takes `\:` for a colon inside a name.
    private static List<Path> splitAtColons(String value) {
        List<Path> paths = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= value.length(); i++) {
            if (i == value.length() || value.charAt(i) == ':') {
                paths.add(Path.of(unescaped(value.substring(start, i))));
                start = i + 1;
            } else if (value.charAt(i) == '\\') {
                i++;
            }
        }
        return paths;
    }

    private static String unescaped(String value) {
        return value.replaceAll("\\\\(.)", "$1");
    }
}
