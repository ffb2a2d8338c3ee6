package io.slipway.daemon.cli;

import io.slipway.api.services.images.v1.DeleteImageRequest;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway rmi`.
final class RmiCommand implements Command {
    /// Waiting for a collection run of a large store.
    private static final Duration COLLECTED_WITHIN = Duration.ofMinutes(10);

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("rmi");
        spec.usageMessage().description("Removes images and waits until what only they held is gone.");
        Each.addArguments(spec, "IMAGE");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        Connection connection = session.connection();
        return Each.run("rmi", "`slipway images` lists images", arguments, session, text -> {
            String name = References.image(text).name();
            try {
                delete(connection, name);
            } catch (CallFailed e) {
                if (e.status() == GrpcStatus.NOT_FOUND && !name.equals(text)) {
                    // Names need not be references: the image may be stored under exactly what was written.
                    deleteAsWritten(connection, text, e);
                } else {
                    throw e;
                }
            }
        });
    }

    private static void deleteAsWritten(Connection connection, String text, CallFailed first)
            throws CallFailed, CommandFailed, InterruptedException {
        try {
            delete(connection, text);
        } catch (CallFailed e) {
            throw e.status() == GrpcStatus.NOT_FOUND ? first : e;
        }
    }

    private static void delete(Connection connection, String name)
            throws CallFailed, CommandFailed, InterruptedException {
        connection.call(
                ImagesGrpcClient.Delete,
                DeleteImageRequest.newBuilder().setName(name).setSync(true).build(),
                COLLECTED_WITHIN);
    }
}
