package io.slipway.cas;

import java.io.IOException;

/// Where tests make the disk fail, and learn what happens to it. Every step that changes what is on disk
/// announces itself first; throwing makes that step, and only it, fail as the disk would. Production uses
/// [#NONE].
@FunctionalInterface
public interface Faults {

    Faults NONE = (_, _) -> {};

    /// @param step what is about to happen: `create`, `write`, `sync`, `rename`, `sync-dir`, `delete`,
    ///     `open`, `transaction` (in the thread that asks for one), `commit`, ...
    /// @param subject the file it happens to
    void before(String step, String subject) throws IOException;

    /// The step that was let through is over, whether it succeeded or not; in the same thread.
    default void after(String step, String subject) {}
}
