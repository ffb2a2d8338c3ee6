package io.slipway.daemon.cli;

import io.slipway.api.types.Mount;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Finds out who a container's process runs as, by the image's own /etc/passwd and /etc/group, read out of the layers
/// (see [LayeredFiles]).
final class UserLookup {
    private static final int FILE_BYTES_MAX = 4 << 20;

    private UserLookup() {}

    /// @param spec `[USER][:GROUP]`
    /// @param mounts root file system of the container, which has not run yet
    static ContainerUser find(String spec, List<Mount> mounts, String id) throws CommandFailed, IOException {
        try (LayeredFiles files = SnapshotFiles.open(mounts).orElse(null)) {
            if (files == null) {
                return ContainerUser.ofNumbers(spec)
                        .orElseThrow(() -> new CommandFailed(
                                ExitCode.FAILED,
                                id,
                                "the files of a " + kind(mounts) + " snapshot cannot be read to look up \"" + spec
                                        + "\"",
                                "give user and group as numbers"));
            }
            return ContainerUser.resolve(
                    spec,
                    files.read("/etc/passwd", FILE_BYTES_MAX).orElse(new byte[0]),
                    files.read("/etc/group", FILE_BYTES_MAX).orElse(new byte[0]));
        } catch (ContainerUser.Unknown e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.FAILED, id, String.valueOf(e.getMessage()), "use another -u, or numbers");
            failed.initCause(e);
            throw failed;
        }
    }

    private static String kind(List<Mount> mounts) {
        return Optional.of(mounts)
                .filter(m -> !m.isEmpty())
                .map(m -> m.getFirst().getType())
                .orElse("empty");
    }
}
