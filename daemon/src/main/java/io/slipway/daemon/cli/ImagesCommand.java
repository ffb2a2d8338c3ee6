package io.slipway.daemon.cli;

import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.api.services.images.v1.ListImagesRequest;
import io.slipway.puller.Platform;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway images`.
final class ImagesCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("images");
        spec.usageMessage().description("Lists images: name, digest, packed size, age.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        Connection connection = session.connection();
        List<Image> images = new ArrayList<>(connection
                .call(ImagesGrpcClient.List, ListImagesRequest.getDefaultInstance())
                .getImagesList());
        images.sort(Comparator.comparing(Image::getName));
        ImageReader reader = new ImageReader(connection);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NAME", "DIGEST", "SIZE", "UPDATED"));
        List<Object> json = new ArrayList<>();
        for (Image image : images) {
            OptionalLong size = size(reader, image);
            Instant updated = Messages.instant(image.getUpdatedAt());
            rows.add(List.of(
                    Text.oneLine(image.getName()),
                    Text.shortDigest(image.getTarget().getDigest()),
                    size.isPresent() ? Text.bytes(size.getAsLong()) : "incomplete",
                    Text.ago(Duration.between(updated, session.clock().instant()))));
            json.add(json(image, size, updated));
        }
        session.result(json, Text.table(rows));
        return ExitCode.OK.number();
    }

    private static Map<String, Object> json(Image image, OptionalLong size, Instant updated) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", image.getName());
        json.put("digest", image.getTarget().getDigest());
        json.put("media_type", image.getTarget().getMediaType());
        size.ifPresent(bytes -> json.put("size", bytes));
        json.put("created_at", Messages.instant(image.getCreatedAt()).toString());
        json.put("updated_at", updated.toString());
        json.put("labels", image.getLabelsMap());
        return json;
    }

    /// Bytes of manifest, configuration and layers for this machine, or for the only platform there is; absent when
    /// the store does not have what it needs to know.
    private static OptionalLong size(ImageReader reader, Image image) throws CommandFailed, InterruptedException {
        try {
            return OptionalLong.of(reader.manifest(image, Platform.host()).totalSize());
        } catch (CallFailed | IOException _) {
            return OptionalLong.empty();
        } catch (CommandFailed e) {
            if (e.exitCode() == ExitCode.UNREACHABLE.number()) {
                throw e;
            }
            return OptionalLong.empty();
        }
    }
}
