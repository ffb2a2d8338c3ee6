package io.slipway.daemon.cli;

import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// One command of the program.
interface Command {
    /// Its options and arguments.
    CommandSpec spec();

    /// Does it.
    ///
    /// @return the exit code
    /// @throws InterruptedException a signal asked the program to end; what was made is taken back
    int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, IOException, InterruptedException;

    /// The code for a failure of this command that has code `code` of its own: `run` has one for all.
    default int exitCode(int code) {
        return code;
    }
}
