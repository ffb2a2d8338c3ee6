package io.slipway.daemon.cli;

import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.puller.ImageReference;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// `slipway pull`.
final class PullCommand implements Command {
    private static final String USER = "--user";
    private static final String NO_UNPACK = "--no-unpack";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("pull");
        spec.usageMessage().description("Pulls an image from its registry and unpacks it.");
        PullOptions.addTo(spec, USER);
        spec.addOption(Slipway.flag("store it only; it is unpacked when it is run or pulled again", NO_UNPACK));
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .required(true)
                .type(String.class)
                .paramLabel("REF")
                .description("[HOST[:PORT]/]NAME[:TAG][@DIGEST]")
                .build());
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String text = arguments.matchedPositionalValue(0, "");
        ImageReference reference = References.image(text);
        boolean unpack = !arguments.matchedOptionValue(NO_UNPACK, false);
        if (!unpack && arguments.hasMatchedOption("--snapshotter")) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "",
                    "--snapshotter says where to unpack, " + NO_UNPACK + " not to",
                    "leave one out");
        }
        ImagePuller.Request asked = PullOptions.request(arguments, USER, reference, unpack, session.terminal());
        Connection connection = session.connection();
        ImagePuller.Request request = asked.chosen(connection);
        try {
            new ImagePuller(connection, session.terminal(), session.clock()).pull(request);
        } catch (CallFailed e) {
            throw References.pullFailed(reference.name(), e);
        }
        Image image = connection
                .call(
                        ImagesGrpcClient.Get,
                        GetImageRequest.newBuilder().setName(reference.name()).build())
                .getImage();
        session.result(
                Map.of(
                        "name", image.getName(),
                        "digest", image.getTarget().getDigest(),
                        "media_type", image.getTarget().getMediaType()),
                Text.table(List.of(List.of(image.getName(), image.getTarget().getDigest()))));
        return ExitCode.OK.number();
    }
}
