package io.slipway.daemon.cli;

import io.slipway.api.slipway.v1.CheckRequest;
import io.slipway.api.slipway.v1.CheckResponse;
import io.slipway.api.slipway.v1.CheckSummary;
import io.slipway.api.slipway.v1.Finding;
import io.slipway.api.slipway.v1.StoreGrpcClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway fsck`: 0 when all is well, 6 when something is wrong, repaired or not.
final class FsckCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("fsck");
        spec.usageMessage().description("Compares what the store has recorded with its files, while it works.");
        spec.addOption(Slipway.flag("also read every blob and compare its digest", "--deep"));
        spec.addOption(Slipway.flag("put bad blobs aside and forget lost ones, to be fetched again", "--repair"));
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        CheckRequest request = CheckRequest.newBuilder()
                .setDeep(arguments.hasMatchedOption("--deep"))
                .setRepair(arguments.hasMatchedOption("--repair"))
                .build();
        List<Object> findings = new ArrayList<>();
        CheckSummary summary = CheckSummary.getDefaultInstance();
        try (Exchange<CheckRequest, CheckResponse> events =
                session.connection().stream(StoreGrpcClient.Check, request)) {
            Optional<CheckResponse> event = events.next();
            while (event.isPresent()) {
                if (event.get().hasSummary()) {
                    summary = event.get().getSummary();
                } else if (session.globals().json()) {
                    findings.add(json(event.get().getFinding()));
                } else {
                    session.terminal().out().println(line(event.get().getFinding()));
                }
                event = events.next();
            }
        }
        session.result(json(summary, findings), text(summary));
        if (summary.getFindings() > summary.getRepaired()) {
            String todo = request.getRepair()
                    ? "look at what is left, the daemon leaves it alone"
                    : "run `slipway fsck --repair`, then pull what was lost";
            throw new CommandFailed(
                    ExitCode.BAD_DATA, "", summary.getFindings() - summary.getRepaired() + " things are wrong", todo);
        }
        return summary.getFindings() == 0 ? ExitCode.OK.number() : ExitCode.BAD_DATA.number();
    }

    private static String line(Finding finding) {
        return Text.oneLine(finding.getObject() + ": " + kind(finding) + ": " + finding.getDetail()
                + (finding.getRepaired() ? " (repaired)" : ""));
    }

    private static String text(CheckSummary summary) {
        return summary.getBlobs() + " blobs looked at"
                + (summary.getBytes() == 0 ? "" : ", " + Text.bytes(summary.getBytes()) + " read") + ", "
                + summary.getFindings() + " wrong, " + summary.getRepaired() + " repaired\n";
    }

    private static String kind(Finding finding) {
        return finding.getKind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static Object json(Finding finding) {
        return Map.of(
                "kind", finding.getKind().name().toLowerCase(Locale.ROOT),
                "object", finding.getObject(),
                "detail", finding.getDetail(),
                "repaired", finding.getRepaired());
    }

    private static Object json(CheckSummary summary, List<Object> findings) {
        return Map.of(
                "blobs", summary.getBlobs(),
                "bytes", summary.getBytes(),
                "findings", findings,
                "repaired", summary.getRepaired());
    }
}
