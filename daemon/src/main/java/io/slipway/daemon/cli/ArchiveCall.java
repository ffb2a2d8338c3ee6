package io.slipway.daemon.cli;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.slipway.api.services.transfer.v1.TransferGrpcClient;
import io.slipway.api.services.transfer.v1.TransferOptions;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.types.transfer.Progress;
import io.slipway.puller.Platform;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// A transfer from or into an archive: the call, its progress, the meter.
final class ArchiveCall {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration PROGRESS_READ_WITHIN = Duration.ofSeconds(10);

    private final Session session;
    private final ByteMeter meter;

    ArchiveCall(Session session, ByteMeter meter) {
        this.session = session;
        this.meter = meter;
    }

    /// An image that was recorded or written.
    record Saved(String name, String digest) {}

    /// Transfers and returns the images that the daemon told of, in its order.
    ///
    /// @param failure why this side can't go on, if so
    List<Saved> transfer(Any source, Any destination, Supplier<Optional<IOException>> failure)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        List<Saved> saved = Collections.synchronizedList(new ArrayList<>());
        Connection connection = session.connection();
        try (SideStream progress = SideStream.open(connection, "progress", (_, message) -> {
            Progress line = Messages.is(message, Messages.PROGRESS)
                    ? Progress.parseFrom(message.getValue())
                    : Progress.getDefaultInstance();
            if (line.getEvent().equals("saved")) {
                saved.add(new Saved(line.getName(), line.getDesc().getDigest()));
            }
        })) {
            TransferRequest request = TransferRequest.newBuilder()
                    .setSource(source)
                    .setDestination(destination)
                    .setOptions(TransferOptions.newBuilder().setProgressStream(progress.id()))
                    .build();
            run(connection, request, failure);
            var _ = progress.complete(PROGRESS_READ_WITHIN);
        } finally {
            meter.end();
        }
        return List.copyOf(saved);
    }

    private void run(Connection connection, TransferRequest request, Supplier<Optional<IOException>> failure)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        try (Exchange<TransferRequest, Empty> transfer = connection.stream(TransferGrpcClient.Transfer, request)) {
            boolean over = false;
            while (!over) {
                Optional<Optional<Empty>> answer = transfer.poll(TICK);
                over = answer.isPresent() && answer.get().isEmpty();
                meter.tick(session.clock().instant());
                Optional<IOException> own = failure.get();
                if (own.isPresent()) {
                    throw own.get();
                }
            }
        }
    }

    static void addPlatforms(CommandSpec spec, String description) {
        spec.addOption(OptionSpec.builder("--platform")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .splitRegex(",")
                .paramLabel("OS/ARCH[/VARIANT]")
                .description(description)
                .build());
    }

    static List<io.slipway.api.types.Platform> platforms(ParseResult arguments) throws CommandFailed {
        List<io.slipway.api.types.Platform> platforms = new ArrayList<>();
        for (String text : arguments.matchedOptionValue("--platform", List.<String>of())) {
            platforms.add(wire(References.platform(text)));
        }
        return platforms;
    }

    static io.slipway.api.types.Platform wire(Platform platform) {
        return io.slipway.api.types.Platform.newBuilder()
                .setOs(platform.os())
                .setArchitecture(platform.architecture())
                .setVariant(platform.variant().orElse(""))
                .build();
    }

    /// Prints the images.
    static void print(Session session, List<Saved> images) {
        List<Object> json = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        for (Saved image : images) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", image.name());
            one.put("digest", image.digest());
            json.add(one);
            rows.add(List.of(Text.oneLine(image.name()), Text.oneLine(image.digest())));
        }
        session.result(json, Text.table(rows));
    }

    /// What a user can do about a failed transfer, where the daemon did not say.
    static CommandFailed failed(String object, CallFailed failure, String damaged) {
        String todo = switch (failure.status()) {
            case NOT_FOUND -> "`slipway images` lists images";
            case DATA_LOSS -> damaged;
            case RESOURCE_EXHAUSTED -> "free some space and try again";
            case INVALID_ARGUMENT -> "see `slipway --help`";
            default -> "see the daemon's log";
        };
        return failure.aboutReference(object, todo);
    }
}
