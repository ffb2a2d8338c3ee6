package io.slipway.daemon.cli;

import io.slipway.api.slipway.v1.LogsGrpcClient;
import io.slipway.api.slipway.v1.ReadLogRequest;
import io.slipway.api.slipway.v1.ReadLogResponse;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// `slipway logs`.
final class LogsCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("logs");
        spec.usageMessage().description("Shows what a container started with `run -d` has written.");
        spec.addOption(Slipway.flag("go on until it has exited", "-f", "--follow"));
        spec.addOption(OptionSpec.builder("--tail")
                .type(int.class)
                .paramLabel("N")
                .description("only the last N lines")
                .build());
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .required(true)
                .type(String.class)
                .paramLabel("CONTAINER")
                .build());
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String id = arguments.matchedPositionalValue(0, "");
        int tail = arguments.matchedOptionValue("--tail", 0);
        if (tail < 0) {
            throw new CommandFailed(ExitCode.USAGE, id, "--tail cannot be negative", "name a number of lines");
        }
        ReadLogRequest request = ReadLogRequest.newBuilder()
                .setContainerId(id)
                .setFollow(arguments.matchedOptionValue("--follow", false))
                .setTail(tail)
                .build();
        boolean nothingAsked = arguments.hasMatchedOption("--tail") && tail == 0;
        try (Exchange<ReadLogRequest, ReadLogResponse> chunks =
                session.connection().stream(LogsGrpcClient.Read, request)) {
            Optional<ReadLogResponse> chunk = chunks.next();
            while (chunk.isPresent() && !nothingAsked) {
                chunk.get().getData().writeTo(session.terminal().out());
                session.terminal().out().flush();
                if (session.terminal().out().checkError()) {
                    // Whoever read this has enough, as `head` does.
                    return ExitCode.OK.number();
                }
                chunk = chunks.next();
            }
        } catch (CallFailed e) {
            throw e.about(id, "see `slipway ps -a`");
        }
        return ExitCode.OK.number();
    }
}
