package io.slipway.daemon;

import io.slipway.daemon.config.Host;
import io.slipway.linux.Os;

/// slipwayd.
public final class Main {
    private Main() {}

    /// Runs until a signal or a failure; ends the process with the exit code of the contract.
    @SuppressWarnings("SystemExitOutsideMain")
    public static void main(String[] args) {
        Console console = new Console(System.out, System.err);
        Host host = new Host(System.getenv(), (int) Os.effectiveUser());
        ExitCode code = new Slipwayd(
                        host, console, (loaded, reread) -> new Lifecycle(host, console, reread).run(loaded))
                .run(args);
        // Threads of libraries may still run; whatever matters has been closed in order.
        System.exit(code.code());
    }
}
