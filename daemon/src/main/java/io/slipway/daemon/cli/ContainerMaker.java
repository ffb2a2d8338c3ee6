package io.slipway.daemon.cli;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.CreateContainerRequest;
import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotRequest;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotResponse;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcClient;
import io.slipway.api.services.snapshots.v1.StatSnapshotRequest;
import io.slipway.api.types.Mount;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Makes the container of a `run`: the image if it is not here, a snapshot on top of it, the record with its runtime
/// spec. Whatever was made is pushed to the [Undo] at once.
final class ContainerMaker {
    private static final String RUNTIME = "io.containerd.runc.v2";
    private static final String STOP_SIGNAL_LABEL = "io.containerd.image.config.stop-signal";

    private final Session session;
    private final Connection connection;
    private final Undo undo;

    /// @param connection whose calls are under the operation's lease
    ContainerMaker(Session session, Connection connection, Undo undo) {
        this.session = session;
        this.connection = connection;
        this.undo = undo;
    }

    /// Makes the container that `options` describe.
    ///
    /// @return the mounts of its root file system
    List<Mount> make(RunOptions options) throws CallFailed, CommandFailed, IOException, InterruptedException {
        String name = options.pull().reference().name();
        ImageConfig config;
        try {
            config = unpacked(options, name);
        } catch (Json.Malformed e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.BAD_DATA, name, String.valueOf(e.getMessage()), "tell whoever built the image");
            failed.initCause(e);
            throw failed;
        }
        List<Mount> mounts = snapshot(options, config);
        ContainerUser user = UserLookup.find(options.user().orElse(config.user()), mounts, options.id());
        ProcessChoice process = new ProcessChoice(options, config);
        ImageLinks.check(process.cwd(), mounts, name);
        String spec = process.spec(session.globals().namespace(), user, session.terminal())
                .json();
        record(options, config, spec);
        return mounts;
    }

    /// The configuration of the image, which is here and unpacked afterwards.
    private ImageConfig unpacked(RunOptions options, String name)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        Optional<Image> image = image(name);
        if (image.isPresent()) {
            Optional<ImageConfig> config = config(image.get(), options);
            if (config.isPresent() && isUnpacked(config.get(), options.pull().snapshotter())) {
                return config.get();
            }
        }
        try {
            new ImagePuller(connection, session.terminal(), session.clock()).pull(options.pull());
        } catch (CallFailed e) {
            throw References.pullFailed(name, e);
        }
        Image pulled = image(name)
                .orElseThrow(() -> new CommandFailed(
                        ExitCode.FAILED, name, "the image is gone again right after its pull", "try again"));
        ImageReader reader = new ImageReader(connection);
        return reader.config(reader.manifest(pulled, options.pull().platform()));
    }

    private Optional<Image> image(String name) throws CallFailed, CommandFailed, InterruptedException {
        try {
            return Optional.of(connection
                    .call(
                            ImagesGrpcClient.Get,
                            GetImageRequest.newBuilder().setName(name).build())
                    .getImage());
        } catch (CallFailed e) {
            if (e.status() == GrpcStatus.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Empty when the store lacks part of the image, or its variant for this platform: a pull brings it.
    private Optional<ImageConfig> config(Image image, RunOptions options)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        ImageReader reader = new ImageReader(connection);
        try {
            return Optional.of(
                    reader.config(reader.manifest(image, options.pull().platform())));
        } catch (CallFailed e) {
            if (e.status() == GrpcStatus.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        } catch (CommandFailed e) {
            if (e.exitCode() == ExitCode.NOT_FOUND.number()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private boolean isUnpacked(ImageConfig config, String snapshotter)
            throws CallFailed, CommandFailed, InterruptedException {
        Optional<String> chain = config.chainId();
        if (chain.isEmpty()) {
            return true;
        }
        try {
            connection.call(
                    SnapshotsGrpcClient.Stat,
                    StatSnapshotRequest.newBuilder()
                            .setSnapshotter(snapshotter)
                            .setKey(chain.get())
                            .build());
            return true;
        } catch (CallFailed e) {
            if (e.status() == GrpcStatus.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    private List<Mount> snapshot(RunOptions options, ImageConfig config)
            throws CallFailed, CommandFailed, InterruptedException {
        String snapshotter = options.pull().snapshotter();
        PrepareSnapshotResponse prepared;
        try {
            prepared = connection.call(
                    SnapshotsGrpcClient.Prepare,
                    PrepareSnapshotRequest.newBuilder()
                            .setSnapshotter(snapshotter)
                            .setKey(options.id())
                            .setParent(config.chainId().orElse(""))
                            .build());
        } catch (CallFailed e) {
            throw nameTaken(e, options.id());
        }
        undo.push(
                "snapshot " + options.id(),
                () -> new ContainerRemoval(connection, session.globals()).removeSnapshot(snapshotter, options.id()));
        return prepared.getMountsList();
    }

    private void record(RunOptions options, ImageConfig config, String spec)
            throws CallFailed, CommandFailed, InterruptedException {
        Container.Builder container = Container.newBuilder()
                .setId(options.id())
                .setImage(options.pull().reference().name())
                .setRuntime(Container.Runtime.newBuilder().setName(RUNTIME))
                .setSpec(Messages.any(RuntimeSpec.TYPE_URL, spec))
                .setSnapshotter(options.pull().snapshotter())
                .setSnapshotKey(options.id());
        config.stopSignal().filter(s -> s.length() < 64).ifPresent(s -> container.putLabels(STOP_SIGNAL_LABEL, s));
        try {
            connection.call(
                    ContainersGrpcClient.Create,
                    CreateContainerRequest.newBuilder().setContainer(container).build());
        } catch (CallFailed e) {
            throw nameTaken(e, options.id());
        }
        undo.push(
                "container " + options.id(),
                () -> new ContainerRemoval(connection, session.globals()).removeRecord(options.id()));
    }

    private static CommandFailed nameTaken(CallFailed failure, String id) {
        return failure.about(
                id,
                failure.status() == GrpcStatus.ALREADY_EXISTS
                        ? "remove it with `slipway rm`, or choose another --name"
                        : "see the daemon's log");
    }
}
