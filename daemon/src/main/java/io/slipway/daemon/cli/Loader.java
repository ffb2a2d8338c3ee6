package io.slipway.daemon.cli;

import io.slipway.api.types.transfer.ImageImportStream;
import io.slipway.api.types.transfer.ImageReference;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.UnpackConfiguration;
import io.slipway.puller.Platform;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// Sends an archive to the daemon, which records its images; shared by `load` and `import`.
final class Loader {
    private Loader() {}

    static void addOptions(CommandSpec spec) {
        ArchiveCall.addPlatforms(spec, "only this image of an index, which must be there; default: all that are there");
        spec.addOption(OptionSpec.builder("--snapshotter")
                .type(String.class)
                .paramLabel("NAME")
                .description("where layers are unpacked; default: the daemon's")
                .build());
        spec.addOption(Slipway.flag("store the images, unpack them when they are run", "--no-unpack"));
    }

    /// @param what the archive is called in messages
    /// @param total its bytes, 0 when unknown
    /// @param base repository of images without one, if the user gave one
    static int load(
            ParseResult arguments,
            Session session,
            String what,
            long total,
            Optional<String> base,
            Upload.Source source)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        Connection connection = session.connection();
        ImageStore store = store(arguments, session, connection, base);
        ByteMeter meter = new ByteMeter(
                session.terminal(), "loading " + what, total, session.clock().instant());
        try (Upload upload = Upload.start(connection, source, meter)) {
            List<ArchiveCall.Saved> images = new ArchiveCall(session, meter)
                    .transfer(
                            Messages.any(
                                    Messages.IMPORT_STREAM,
                                    ImageImportStream.newBuilder()
                                            .setStream(upload.id())
                                            .build()),
                            Messages.any(Messages.IMAGE_STORE, store),
                            upload::failure);
            ArchiveCall.print(session, images);
        } catch (CallFailed e) {
            throw ArchiveCall.failed(what, e, "nothing of it was kept; make the archive again");
        } catch (IOException e) {
            throw unreadable(what, e);
        }
        return ExitCode.OK.number();
    }

    static CommandFailed unreadable(String what, IOException e) {
        CommandFailed failed = new CommandFailed(
                ExitCode.STORAGE, what, "cannot be read (" + e.getMessage() + ")", "nothing of it was kept");
        failed.initCause(e);
        return failed;
    }

    private static ImageStore store(
            ParseResult arguments, Session session, Connection connection, Optional<String> base)
            throws CommandFailed, CallFailed, InterruptedException {
        ImageStore.Builder store = ImageStore.newBuilder().addAllPlatforms(ArchiveCall.platforms(arguments));
        base.ifPresent(name -> store.addExtraReferences(
                ImageReference.newBuilder().setName(name).setIsPrefix(true).setAllowOverwrite(true)));
        if (!arguments.matchedOptionValue("--no-unpack", false)) {
            String fromEnvironment = session.terminal().environment().getOrDefault("CONTAINERD_SNAPSHOTTER", "");
            String asked = arguments.matchedOptionValue("--snapshotter", fromEnvironment);
            store.addUnpacks(UnpackConfiguration.newBuilder()
                    .setPlatform(ArchiveCall.wire(Platform.host()))
                    .setSnapshotter(Snapshotters.of(connection).choose(asked)));
        }
        return store.build();
    }
}
