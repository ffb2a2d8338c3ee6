package io.slipway.linux;

import java.io.IOException;

/// The only way this program starts another one.
///
/// A child begins clean, whatever the JVM did to this process: own process group, empty signal mask, every signal at
/// its default, no descriptor but 0, 1, 2 and those passed on purpose, the working directory and environment of its
/// spec and nothing else, and the limits of [ChildLimits]. Thread-safe.
public final class Spawner {
    public Spawner(Poller poller, ChildLimits limits) {
        Pending.body();
    }

    /// Starts a child. Returns once the program was executed; blocks for about a millisecond.
    ///
    /// @throws LinuxException the program can't be executed (ENOENT, EACCES, ...), or the machine is out of
    ///     processes or descriptors
    public Child start(ChildSpec spec) throws IOException {
        return Pending.body();
    }

    /// Starts a child and waits for its end.
    public ChildResult run(ChildSpec spec) throws IOException, InterruptedException {
        try (Child child = start(spec)) {
            return child.await();
        }
    }
}
