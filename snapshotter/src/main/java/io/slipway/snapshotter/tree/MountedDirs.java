package io.slipway.snapshotter.tree;

import io.slipway.linux.MountedOn;
import io.slipway.snapshotter.MountedSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds out which directories of a driver are mounted, from the kernel's table.
final class MountedDirs {
    private static final String UPPER = "upperdir=";
    private static final String LOWER = "lowerdir=";

    private final Path path;
    private final String below;

    /// @param path the driver's directory
    /// @param below what of a numbered directory is mounted: empty for itself, `/fs` for that in it
    MountedDirs(Path path, String below) {
        this.path = path;
        this.below = below;
    }

    List<MountedSnapshot> of(List<MountedOn> mounts) {
        List<MountedSnapshot> found = new ArrayList<>();
        for (MountedOn mount : mounts) {
            (mount.type().equals("overlay") ? overlay(mount) : directory(mount)).ifPresent(found::add);
        }
        return found;
    }

    /// Lower directories may be named relative to ours: whoever mounts very many shortens the options that way. They
    /// are ours when the upper one is, or when they say so themselves.
    private Optional<MountedSnapshot> overlay(MountedOn mount) {
        List<Long> directories = new ArrayList<>();
        Optional<String> upper = option(mount, UPPER);
        boolean written = upper.isPresent();
        if (written) {
            Optional<Long> own = number(upper.get());
            if (own.isEmpty()) {
                return Optional.empty();
            }
            directories.add(own.get());
        }
        for (String lower : option(mount, LOWER).orElse("").split(":", -1)) {
            number(lower)
                    .or(() -> written ? number(path.resolve(lower).normalize().toString()) : Optional.empty())
                    .ifPresent(directories::add);
        }
        return directories.isEmpty()
                ? Optional.empty()
                : Optional.of(new MountedSnapshot(mount.point(), written, directories));
    }

    private static Optional<String> option(MountedOn mount, String name) {
        return mount.options().stream()
                .filter(option -> option.startsWith(name))
                .map(option -> option.substring(name.length()))
                .findFirst();
    }

    private Optional<Long> number(String directory) {
        String prefix = path + "/";
        return directory.startsWith(prefix) ? number(directory.substring(prefix.length()), below) : Optional.empty();
    }

    /// A bind of one directory, or a subvolume: its path within its file system ends as ours does.
    private Optional<MountedSnapshot> directory(MountedOn mount) {
        int count = path.getNameCount();
        String tail = "/" + path.subpath(Math.max(0, count - 3), count) + "/";
        int at = mount.root().lastIndexOf(tail);
        if (at < 0) {
            return Optional.empty();
        }
        return number(mount.root().substring(at + tail.length()), below)
                .map(number -> new MountedSnapshot(mount.point(), true, List.of(number)));
    }

    private static Optional<Long> number(String name, String suffix) {
        if (!name.endsWith(suffix)) {
            return Optional.empty();
        }
        String digits = name.substring(0, name.length() - suffix.length());
        return digits.matches("[0-9]{1,18}") ? Optional.of(Long.parseLong(digits)) : Optional.empty();
    }
}
