package io.slipway.daemon.cli;

import com.google.protobuf.Timestamp;
import io.slipway.api.slipway.v1.Fetching;
import io.slipway.api.slipway.v1.Keeper;
import io.slipway.api.slipway.v1.Source;
import io.slipway.api.slipway.v1.Step;
import io.slipway.api.slipway.v1.StoreGrpcClient;
import io.slipway.api.slipway.v1.WhyRequest;
import io.slipway.api.slipway.v1.WhyResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// `slipway why`.
final class WhyCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("why");
        spec.usageMessage().description("Says why a blob is there: who keeps it, where it came from, its last use.");
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .required(true)
                .type(String.class)
                .paramLabel("DIGEST")
                .build());
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        String digest = arguments.matchedPositionalValue(0, "");
        if (!digest.matches("[a-z0-9]+:[0-9a-f]+")) {
            throw new CommandFailed(
                    ExitCode.USAGE, digest, "this is no digest", "write it as sha256: and 64 hexadecimal digits");
        }
        WhyResponse why;
        try {
            why = session.connection()
                    .call(
                            StoreGrpcClient.Why,
                            WhyRequest.newBuilder().setDigest(digest).build());
        } catch (CallFailed e) {
            throw e.aboutReference(digest, "see `slipway images`");
        }
        session.result(json(why), text(why, session.clock().instant()));
        return ExitCode.OK.number();
    }

    private static String text(WhyResponse why, Instant now) {
        List<String> lines = new ArrayList<>();
        lines.add(why.getDigest());
        lines.add("state: " + state(why));
        if (why.hasCreatedAt()) {
            lines.add("stored: " + ago(why.getCreatedAt(), now));
            lines.add("last used: " + ago(why.getLastUsedAt(), now));
        }
        if (why.getNamespacesCount() > 0) {
            lines.add("seen by: " + String.join(", ", why.getNamespacesList()));
        }
        if (why.getLostByCount() > 0) {
            lines.add("lost by: " + String.join(", ", why.getLostByList()) + " (it was bad or gone; pull it again)");
        }
        for (Fetching fetch : why.getFetchesList()) {
            String size = fetch.getSize() == 0 ? "?" : Text.bytes(fetch.getSize());
            lines.add("arriving: " + Text.bytes(fetch.getReceived()) + " of " + size
                    + (fetch.getSource().isEmpty() ? "" : " from " + fetch.getSource()));
        }
        if (why.getKeepersCount() == 0) {
            lines.add(why.getInUse() ? "kept by: its use" : "kept by: nothing; it goes with the next collection");
        }
        for (Keeper keeper : why.getKeepersList()) {
            lines.add("kept by: " + path(keeper));
        }
        if (why.getMoreKeepers() > 0) {
            lines.add("kept by: " + why.getMoreKeepers() + " more");
        }
        if (why.getSourcesCount() == 0) {
            lines.add("from: unknown (pushed, imported or adopted)");
        }
        for (Source source : why.getSourcesList()) {
            lines.add("from: " + source.getHost() + "/" + source.getRepository() + " (" + source.getAccess() + ")");
        }
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(Text.oneLine(line)).append('\n'));
        return text.toString();
    }

    private static String state(WhyResponse why) {
        return switch (why.getPresence()) {
            case STORED -> "stored, " + Text.bytes(why.getSize()) + (why.getInUse() ? ", in use" : "");
            case ARRIVING -> "arriving";
            case ABSENT, PRESENCE_UNSPECIFIED, UNRECOGNIZED -> "absent";
        };
    }

    private static String ago(Timestamp at, Instant now) {
        return Text.ago(Duration.between(Messages.instant(at), now));
    }

    /// `image docker.io/library/debian:13 (default) > manifest...`, without the blob itself.
    private static String path(Keeper keeper) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < keeper.getPathCount(); i++) {
            Step step = keeper.getPath(i);
            if (i > 0) {
                path.append(" > ").append(step.getBy().isEmpty() ? "" : step.getBy() + " ");
            }
            path.append(step.getType()).append(' ').append(step.getKey());
            if (i == 0) {
                path.append(" (").append(step.getNamespace()).append(')');
            }
        }
        return path.toString();
    }

    private static Map<String, Object> json(WhyResponse why) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("digest", why.getDigest());
        json.put("state", why.getPresence().name().toLowerCase(Locale.ROOT));
        json.put("size", why.getSize());
        if (why.hasCreatedAt()) {
            json.put("created_at", Messages.instant(why.getCreatedAt()).toString());
            json.put("last_used_at", Messages.instant(why.getLastUsedAt()).toString());
        }
        json.put("in_use", why.getInUse());
        json.put("namespaces", List.copyOf(why.getNamespacesList()));
        json.put("lost_by", List.copyOf(why.getLostByList()));
        json.put("keepers", why.getKeepersList().stream().map(WhyCommand::json).toList());
        json.put("more_keepers", why.getMoreKeepers());
        json.put("sources", why.getSourcesList().stream().map(WhyCommand::json).toList());
        json.put("fetches", why.getFetchesList().stream().map(WhyCommand::json).toList());
        return json;
    }

    private static Object json(Keeper keeper) {
        return keeper.getPathList().stream()
                .map(step -> Map.of(
                        "namespace", step.getNamespace(),
                        "type", step.getType(),
                        "key", step.getKey(),
                        "by", step.getBy()))
                .toList();
    }

    private static Object json(Source source) {
        return Map.of("host", source.getHost(), "repository", source.getRepository(), "access", source.getAccess());
    }

    private static Object json(Fetching fetch) {
        return Map.of("source", fetch.getSource(), "received", fetch.getReceived(), "size", fetch.getSize());
    }
}
