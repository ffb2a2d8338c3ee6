package io.slipway.daemon.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Fails a test that leaves something on the machine, and cleans up after every test, also one that failed: nobody
/// else would end its containers. One for each test: register it in an instance field.
public final class LeakGuard implements BeforeEachCallback, AfterEachCallback {
    private final Supplier<Path> home;
    private Optional<Leaks> before = Optional.empty();

    /// @param home the directory below which the test has everything; asked for after the test
    public LeakGuard(Supplier<Path> home) {
        this.home = home;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        before = Optional.of(Leaks.now());
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        try {
            if (context.getExecutionException().isEmpty()) {
                before.orElseThrow().assertNothingNew();
            }
        } finally {
            if (Files.exists(home.get())) {
                Sweep.below(home.get());
            }
        }
    }
}
