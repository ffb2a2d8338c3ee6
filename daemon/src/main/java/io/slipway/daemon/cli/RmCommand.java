package io.slipway.daemon.cli;

import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway rm`.
final class RmCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("rm");
        spec.usageMessage().description("Removes containers: their processes, file systems and logs.");
        spec.addOption(Slipway.flag("kill those that run", "-f", "--force"));
        Each.addArguments(spec, "CONTAINER");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        ContainerRemoval removal = new ContainerRemoval(session.connection(), session.globals());
        boolean force = arguments.matchedOptionValue("--force", false);
        return Each.run("rm", "`slipway ps -a` lists containers", arguments, session, id -> removal.remove(id, force));
    }
}
