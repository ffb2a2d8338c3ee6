package io.slipway.daemon.cli;

import io.slipway.api.slipway.v1.Amount;
import io.slipway.api.slipway.v1.NamespaceUsage;
import io.slipway.api.slipway.v1.PartUsage;
import io.slipway.api.slipway.v1.StoreGrpcClient;
import io.slipway.api.slipway.v1.UsageRequest;
import io.slipway.api.slipway.v1.UsageResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway du`.
final class DuCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("du");
        spec.usageMessage().description("Shows how much room blobs, ingests and snapshots take.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        UsageResponse usage = session.connection().call(StoreGrpcClient.Usage, UsageRequest.getDefaultInstance());
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("WHAT", "COUNT", "SIZE", "ITS OWN"));
        rows.add(row("blobs, each once", usage.getBlobs(), "-"));
        for (NamespaceUsage namespace : usage.getNamespacesList()) {
            rows.add(row(
                    "  seen by " + Text.oneLine(namespace.getNamespace()),
                    namespace.getVisible(),
                    Text.bytes(namespace.getOwn().getBytes())));
        }
        rows.add(row("  kept by the mirror", usage.getCache(), "-"));
        rows.add(row("ingests", usage.getIngests(), "-"));
        rows.add(row("quarantine", usage.getQuarantine(), "-"));
        for (PartUsage part : usage.getPartsList()) {
            rows.add(row(
                    Text.oneLine(part.getType())
                            + (part.getUnmeasured() == 0 ? "" : ", " + part.getUnmeasured() + " not measured"),
                    part.getAmount(),
                    "-"));
        }
        rows.add(List.of("file system, free", "-", Text.bytes(usage.getFree()), "-"));
        session.result(json(usage), Text.table(rows));
        return ExitCode.OK.number();
    }

    private static List<String> row(String what, Amount amount, String own) {
        return List.of(what, Long.toString(amount.getCount()), Text.bytes(amount.getBytes()), own);
    }

    private static Map<String, Object> json(UsageResponse usage) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("blobs", json(usage.getBlobs()));
        Map<String, Object> namespaces = new LinkedHashMap<>();
        for (NamespaceUsage namespace : usage.getNamespacesList()) {
            namespaces.put(
                    namespace.getNamespace(),
                    Map.of("visible", json(namespace.getVisible()), "own", json(namespace.getOwn())));
        }
        json.put("namespaces", namespaces);
        json.put("cache", json(usage.getCache()));
        json.put("ingests", json(usage.getIngests()));
        json.put("quarantine", json(usage.getQuarantine()));
        Map<String, Object> parts = new LinkedHashMap<>();
        for (PartUsage part : usage.getPartsList()) {
            Map<String, Object> one = new LinkedHashMap<>(json(part.getAmount()));
            one.put("unmeasured", part.getUnmeasured());
            parts.put(part.getType(), one);
        }
        json.put("parts", parts);
        json.put("capacity", usage.getCapacity());
        json.put("free", usage.getFree());
        return json;
    }

    private static Map<String, Object> json(Amount amount) {
        return Map.of("count", amount.getCount(), "bytes", amount.getBytes());
    }
}
