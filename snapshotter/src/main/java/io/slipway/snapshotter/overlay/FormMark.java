package io.slipway.snapshotter.overlay;

import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Remembers in which form the layers of a directory are: a file beside it for that of user namespaces. A mount reads
/// one form only, and would show what layers of the other have removed.
final class FormMark {
    private static final String NAME = "userxattr";

    private FormMark() {}

    /// Fails where there are layers of another form; an empty directory takes any.
    static void require(Path snapshots, OverlayForm form) throws IOException {
        Path mark = snapshots.resolveSibling(NAME);
        boolean users = form == OverlayForm.USER;
        if (Files.exists(mark) == users) {
            return;
        }
        try (Stream<Path> any = Files.list(snapshots)) {
            if (any.findAny().isPresent()) {
                throw new IOException("the snapshots in " + snapshots + " were made "
                        + (users ? "outside of" : "inside") + " a user namespace and are not read "
                        + (users ? "inside" : "outside of") + " one; use another root directory");
            }
        }
        if (users) {
            Files.createFile(mark);
        } else {
            Files.delete(mark);
        }
    }
}
