package io.slipway.daemon.cli;

import io.slipway.api.types.Mount;
import java.io.IOException;
import java.util.List;

/// Refuses a working directory that leads into /proc by a link in the image, as [ProcessChoice#cwd] does one that says
/// so: there it could be an open directory of the host (CVE-2024-21626). A runtime that is up to date refuses it, too.
final class WorkingDir {
    private WorkingDir() {}

    /// @param cwd absolute
    /// @param mounts root file system of the container, which has not run yet; of a kind that can't be read unmounted,
    /// nothing is said
    static void check(String cwd, List<Mount> mounts, String image) throws CommandFailed, IOException {
        try (LayeredFiles files = SnapshotFiles.open(mounts).orElse(null)) {
            if (files != null && files.leadsThrough(cwd, "proc")) {
                throw new CommandFailed(
                        ExitCode.BAD_DATA,
                        image,
                        "its working directory " + cwd + " leads into /proc by a link",
                        "choose another with -w");
            }
        }
    }
}
