package io.slipway.cas;

import java.io.IOException;

/// Where tests make the disk fail. Every step that changes what is on disk announces itself first; throwing
/// makes that step, and only it, fail as the disk would. Production uses [#NONE].
@FunctionalInterface
public interface Faults {

    Faults NONE = (_, _) -> {};

    /// @param step what is about to happen: `create`, `write`, `sync`, `rename`, `sync-dir`, `delete`,
    ///     `publish`, ...
    /// @param subject the file it happens to
    void before(String step, String subject) throws IOException;
}
