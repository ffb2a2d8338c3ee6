package io.slipway.daemon.cli;

import io.slipway.api.types.Mount;
import java.io.IOException;
import java.util.List;

/// Refuses images whose links would lead what a runtime does for them to the host.
final class ImageLinks {
    /// What is mounted over first. Runtimes put links into /dev by its path: where that itself was a link, Debian's
    /// runc 1.1.5 put them on the host.
    private static final List<String> MOUNT_POINTS = List.of("proc", "dev", "sys");

    private ImageLinks() {}

    /// A working directory in /proc could be an open directory of the host (CVE-2024-21626). [ProcessChoice#cwd]
    /// refuses one that says so, this one that a link leads there.
    ///
    /// @param cwd absolute
    /// @param mounts root file system of the container, which has not run yet; nothing is said of a kind that can't
    /// be read unmounted
    static void check(String cwd, List<Mount> mounts, String image) throws CommandFailed, IOException {
        try (LayeredFiles files = SnapshotFiles.open(mounts).orElse(null)) {
            if (files == null) {
                return;
            }
            for (String point : MOUNT_POINTS) {
                if (!files.canBeDirectory(point)) {
                    throw new CommandFailed(
                            ExitCode.BAD_DATA,
                            image,
                            "its /" + point + " is not a directory, and has to be mounted over",
                            "tell whoever built the image");
                }
            }
            if (files.leadsThrough(cwd, "proc")) {
                throw new CommandFailed(
                        ExitCode.BAD_DATA,
                        image,
                        "its working directory " + cwd + " leads into /proc by a link",
                        "choose another with -w");
            }
        }
    }
}
