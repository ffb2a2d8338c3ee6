package io.slipway.daemon.cli;

import io.slipway.api.types.Mount;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway run`.
final class RunCommand implements Command {
    @Override
    public CommandSpec spec() {
        return RunOptions.spec();
    }

    @Override
    public int exitCode(int code) {
        return code == RunExit.NOT_EXECUTABLE || code == RunExit.COMMAND_NOT_FOUND ? code : RunExit.NOT_STARTED;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        RunOptions options = RunOptions.of(arguments, session.terminal()).chosen(session.connection());
        Undo undo = new Undo(session.signals());
        boolean done = false;
        try {
            Lease lease = Lease.create(session.connection(), session.clock(), "run");
            undo.push("lease " + lease.id(), lease::delete);
            List<Mount> rootfs =
                    new ContainerMaker(session, session.connection().under(lease.id()), undo).make(options);
            lease.delete();
            int code = options.detach()
                    ? new Detached(session, undo).run(options, rootfs)
                    : new Attached(session, undo).run(options, rootfs);
            done = true;
            return code;
        } finally {
            if (!done) {
                tell(undo.takeBack(), options, session);
            }
        }
    }

    private static void tell(List<String> left, RunOptions options, Session session) {
        if (!left.isEmpty()) {
            session.terminal()
                    .err()
                    .println(new CommandFailed(
                                    ExitCode.FAILED,
                                    options.id(),
                                    "could not take back " + String.join(", ", left),
                                    "use `slipway rm -f " + options.id() + "`")
                            .line("run"));
        }
    }
}
