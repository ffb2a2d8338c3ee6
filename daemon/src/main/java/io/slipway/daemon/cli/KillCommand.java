package io.slipway.daemon.cli;

import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import java.io.IOException;
import java.util.OptionalInt;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `slipway kill`. Without a signal it is KILL, as with Docker: a container's first process ignores TERM unless it was
/// written to hear it.
final class KillCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("kill");
        spec.usageMessage().description("Sends a signal to the first process of containers.");
        spec.addOption(OptionSpec.builder("-s", "--signal")
                .type(String.class)
                .paramLabel("SIGNAL")
                .description("name or number; default: KILL, which no process can ignore; TERM asks it to stop")
                .build());
        Each.addArguments(spec, "CONTAINER");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String name = arguments.matchedOptionValue("--signal", "KILL");
        OptionalInt signal = Signals.number(name);
        if (signal.isEmpty()) {
            throw new CommandFailed(ExitCode.USAGE, "", "there is no signal " + name, "use one of " + Signals.names());
        }
        Connection connection = session.connection();
        return Each.run(
                "kill",
                "`slipway ps -a` lists containers",
                arguments,
                session,
                id -> connection.call(
                        TasksGrpcClient.Kill,
                        KillRequest.newBuilder()
                                .setContainerId(id)
                                .setSignal(signal.getAsInt())
                                .build()));
    }
}
