package io.slipway.daemon;

import io.slipway.daemon.config.Host;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// slipwayd.
public final class Main {
    private Main() {}

    /// Runs until a signal or a failure; ends the process with the exit code of the contract.
    @SuppressWarnings("SystemExitOutsideMain")
    public static void main(String[] args) {
        Console console = new Console(System.out, System.err);
        Host host = new Host(System.getenv(), effectiveUid());
        ExitCode code = new Slipwayd(
                        host, console, (loaded, reread) -> new Lifecycle(host, console, reread).run(loaded))
                .run(args);
        // Threads of libraries may still run; whatever matters has been closed in order.
        System.exit(code.code());
    }

    /// proc(5): the files of /proc/self belong to the effective user of this process.
    private static int effectiveUid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
