package io.slipway.daemon.cli;

import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// Commands that do the same to each of their arguments: a failure is told, the rest is done all the same, and the exit
/// code is that of the first failure.
final class Each {
    private Each() {}

    /// Does it to one.
    interface Action {
        void on(String object) throws CommandFailed, CallFailed, IOException, InterruptedException;
    }

    static void addArguments(CommandSpec spec, String label) {
        spec.addPositional(PositionalParamSpec.builder()
                .index("0..*")
                .arity("1..*")
                .required(true)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel(label)
                .build());
    }

    static List<String> arguments(ParseResult arguments) {
        return arguments.matchedPositionalValue(0, List.<String>of());
    }

    /// Runs `action` on each argument of the command `name` and prints what succeeded.
    ///
    /// @param names how to find out which objects there are
    static int run(String name, String names, ParseResult arguments, Session session, Action action)
            throws CommandFailed, IOException, InterruptedException {
        int code = ExitCode.OK.number();
        for (String object : arguments(arguments)) {
            CommandFailed failure;
            try {
                action.on(object);
                session.result(object, object + "\n");
                continue;
            } catch (CallFailed e) {
                failure = e.about(object, e.status() == GrpcStatus.NOT_FOUND ? names : "see the daemon's log");
            } catch (CommandFailed e) {
                if (e.exitCode() == ExitCode.UNREACHABLE.number()) {
                    throw e;
                }
                failure = e;
            }
            session.terminal().err().println(failure.line(name));
            code = code == 0 ? failure.exitCode() : code;
        }
        return code;
    }
}
