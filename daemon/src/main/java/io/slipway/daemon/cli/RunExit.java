package io.slipway.daemon.cli;

import java.util.Locale;

/// Exit codes of `run` when there is no process whose code could be passed on; the shell's and Docker's convention.
final class RunExit {
    /// Slipway failed before the process started.
    static final int NOT_STARTED = 125;
    /// The command is there and cannot be executed.
    static final int NOT_EXECUTABLE = 126;
    /// The command was not found.
    static final int COMMAND_NOT_FOUND = 127;

    private RunExit() {}

    /// Tells from what the runtime said about a container that would not start which of the three it is. runc reports a
    /// failed look-up of the command only as text.
    static int ofStartFailure(String message) {
        String text = message.toLowerCase(Locale.ROOT);
        boolean aboutCommand = text.contains("exec:") || text.contains("stat ");
        if (text.contains("executable file not found")
                || (aboutCommand && text.contains("no such file or directory"))) {
            return COMMAND_NOT_FOUND;
        }
        boolean refused = text.contains("permission denied") || text.contains("is a directory");
        if ((text.contains("exec") && refused) || text.contains("exec format error")) {
            return NOT_EXECUTABLE;
        }
        return NOT_STARTED;
    }
}
