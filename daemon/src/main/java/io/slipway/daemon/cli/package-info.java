/// The `slipway` command line: a thin client of the daemon's gRPC socket.
///
/// Commands are described with picocli's programmatic interface and built one at a time, so that a command pays only
/// for what it uses. Results go to standard output, everything else to standard error; each failure is one line there
/// ([io.slipway.daemon.cli.CommandFailed]) and one exit code ([io.slipway.daemon.cli.ExitCode]).
@NullMarked
package io.slipway.daemon.cli;

import org.jspecify.annotations.NullMarked;
