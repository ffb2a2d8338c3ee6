package io.slipway.daemon.cli;

import com.google.protobuf.Empty;
import io.slipway.api.services.version.v1.VersionGrpcClient;
import io.slipway.api.services.version.v1.VersionResponse;
import io.slipway.daemon.Version;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway version`.
final class VersionCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("version");
        spec.usageMessage().description("Shows the versions of this program and of the daemon.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        Version client = Version.ofThisBuild();
        if (!session.globals().json()) {
            session.terminal().out().print(Text.table(List.of(List.of("client", client.toString()))));
            // Shown even when no daemon answers.
            session.terminal().out().flush();
        }
        VersionResponse server = session.connection().call(VersionGrpcClient.Version, Empty.getDefaultInstance());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("client", Map.of("version", client.version(), "revision", client.revision()));
        json.put("server", Map.of("version", server.getVersion(), "revision", server.getRevision()));
        session.result(
                json,
                Text.table(List.of(List.of("server", (server.getVersion() + " " + server.getRevision()).strip()))));
        return ExitCode.OK.number();
    }
}
