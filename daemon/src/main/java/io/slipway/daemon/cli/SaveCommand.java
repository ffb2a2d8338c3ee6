package io.slipway.daemon.cli;

import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.api.types.transfer.ImageExportStream;
import io.slipway.api.types.transfer.ImageReference;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.puller.archive.ArchiveFormat;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `slipway save`.
final class SaveCommand implements Command {
    private static final String STDOUT = "-";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("save");
        spec.usageMessage()
                .description("Writes images into an archive, as they are stored: every blob keeps its digest, and the"
                        + " same images give the same archive.");
        spec.addOption(OptionSpec.builder("-o", "--output")
                .type(String.class)
                .paramLabel("FILE|-")
                .description("default: standard output")
                .build());
        spec.addOption(OptionSpec.builder("--format")
                .type(String.class)
                .paramLabel("oci|docker")
                .description("oci: an OCI image layout that `docker load` reads, too (default);"
                        + " docker: only what older Dockers read, one platform of each image")
                .build());
        ArchiveCall.addPlatforms(spec, "only this image of an index; default: all that are stored");
        Each.addArguments(spec, "REF");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        ImageExportStream.Builder export = ImageExportStream.newBuilder()
                .setMediaType(
                        format(arguments.matchedOptionValue("--format", "oci")).mediaType())
                .addAllPlatforms(ArchiveCall.platforms(arguments));
        export.setAllPlatforms(export.getPlatformsCount() == 0);
        List<String> names = new ArrayList<>();
        for (String text : Each.arguments(arguments)) {
            names.add(name(session.connection(), text));
        }
        String output = arguments.matchedOptionValue("--output", STDOUT);
        String what = String.join(" ", names);
        try {
            if (output.equals(STDOUT)) {
                var _ = save(session, names, export, what, session.terminal().out());
                session.terminal().out().flush();
            } else {
                ArchiveCall.print(session, save(session, names, export, what, Path.of(output)));
            }
        } catch (CallFailed e) {
            throw ArchiveCall.failed(what, e, "pull the image again");
        } catch (IOException e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.STORAGE, what, "cannot write " + output + " (" + e.getMessage() + ")", "");
            failed.initCause(e);
            throw failed;
        }
        return ExitCode.OK.number();
    }

    private static ArchiveFormat format(String text) throws CommandFailed {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "oci" -> ArchiveFormat.OCI;
            case "docker" -> ArchiveFormat.DOCKER;
            default ->
                throw new CommandFailed(
                        ExitCode.USAGE, "", "there is no archive format \"" + text + "\"", "write oci or docker");
        };
    }

    /// Names need not be references: an image may be stored under exactly what was written.
    private static String name(Connection connection, String text)
            throws CommandFailed, CallFailed, InterruptedException {
        String name = References.image(text).name();
        try {
            var _ = connection.call(
                    ImagesGrpcClient.Get,
                    GetImageRequest.newBuilder().setName(name).build());
            return name;
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
            return connectionKnows(connection, text) ? text : name;
        }
    }

    private static boolean connectionKnows(Connection connection, String text)
            throws CommandFailed, CallFailed, InterruptedException {
        try {
            var _ = connection.call(
                    ImagesGrpcClient.Get,
                    GetImageRequest.newBuilder().setName(text).build());
            return true;
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
            return false;
        }
    }

    /// Into a file, which is there only when it is whole.
    private static List<ArchiveCall.Saved> save(
            Session session, List<String> names, ImageExportStream.Builder export, String what, Path file)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            try (OutputStream out = Files.newOutputStream(file)) {
                return save(session, names, export, what, out);
            }
        }
        Path directory = file.toAbsolutePath().getParent();
        Path partial = Files.createTempFile(directory == null ? Path.of("/") : directory, ".slipway-save", ".tar");
        try {
            List<ArchiveCall.Saved> saved;
            try (OutputStream out = Files.newOutputStream(partial)) {
                saved = save(session, names, export, what, out);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            return saved;
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static List<ArchiveCall.Saved> save(
            Session session, List<String> names, ImageExportStream.Builder export, String what, OutputStream out)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        ImageStore.Builder store = ImageStore.newBuilder();
        names.forEach(
                name -> store.addExtraReferences(ImageReference.newBuilder().setName(name)));
        ByteMeter meter = new ByteMeter(
                session.terminal(), "saving " + what, 0, session.clock().instant());
        try (Download download = Download.start(session.connection(), out, meter)) {
            List<ArchiveCall.Saved> saved = new ArchiveCall(session, meter)
                    .transfer(
                            Messages.any(Messages.IMAGE_STORE, store.build()),
                            Messages.any(
                                    Messages.EXPORT_STREAM,
                                    export.setStream(download.id()).build()),
                            download::failure);
            if (!download.complete()) {
                throw download.failure().orElseGet(() -> new IOException("the daemon's stream broke off"));
            }
            return saved;
        }
    }
}
