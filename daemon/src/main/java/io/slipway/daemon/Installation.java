package io.slipway.daemon;

import java.nio.file.Path;

/// The distribution that runs, as the launcher told the JVM.
final class Installation {
    private Installation() {}

    /// The directory that holds `bin`, `lib` and `share`.
    static Path home() {
        return Path.of(System.getProperty("slipway.home", "/"));
    }
}
