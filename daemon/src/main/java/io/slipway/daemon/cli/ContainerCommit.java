package io.slipway.daemon.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.GetContainerRequest;
import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.InfoRequest;
import io.slipway.api.services.diff.v1.ApplyRequest;
import io.slipway.api.services.diff.v1.DiffGrpcClient;
import io.slipway.api.services.diff.v1.DiffRequest;
import io.slipway.api.services.images.v1.CreateImageRequest;
import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.api.services.images.v1.UpdateImageRequest;
import io.slipway.api.services.snapshots.v1.CommitSnapshotRequest;
import io.slipway.api.services.snapshots.v1.MountsRequest;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotRequest;
import io.slipway.api.services.snapshots.v1.RemoveSnapshotRequest;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcClient;
import io.slipway.api.services.snapshots.v1.StatSnapshotRequest;
import io.slipway.api.services.snapshots.v1.ViewSnapshotRequest;
import io.slipway.api.services.tasks.v1.GetRequest;
import io.slipway.api.services.tasks.v1.PauseTaskRequest;
import io.slipway.api.services.tasks.v1.ResumeTaskRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.types.Descriptor;
import io.slipway.api.types.Mount;
import io.slipway.api.v1.types.Status;
import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import io.slipway.puller.Platform;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Makes an image of a container: the difference between its snapshot and that of its image becomes a layer, which is
/// added to the image's documents, unpacked, and named. Everything is made under the connection's lease; what is only
/// needed on the way is pushed to the [Undo].
final class ContainerCommit {
    /// Walking and packing take as long as the changes are large.
    private static final Duration DIFF_WITHIN = Duration.ofHours(6);

    private static final String UNCOMPRESSED = "containerd.io/uncompressed";
    private static final String SNAPSHOT_REF = "containerd.io/gc.ref.snapshot.";
    private static final String CONTENT_REF = "containerd.io/gc.ref.content.";

    private final Connection connection;
    private final Undo undo;
    private final Clock clock;
    private final ImageReader reader;
    private final ContentWriter writer;
    private boolean paused;

    ContainerCommit(Connection connection, Undo undo, Clock clock) {
        this.connection = connection;
        this.undo = undo;
        this.clock = clock;
        this.reader = new ImageReader(connection);
        this.writer = new ContentWriter(connection);
    }

    /// What was made.
    ///
    /// @param manifest digest of the new image's manifest
    record Committed(String manifest, String layer, String diffId, long layerBytes) {}

    /// Does it.
    Committed run(CommitOptions options) throws CallFailed, CommandFailed, IOException, InterruptedException {
        Container container = connection
                .call(
                        ContainersGrpcClient.Get,
                        GetContainerRequest.newBuilder()
                                .setId(options.container())
                                .build())
                .getContainer();
        if (container.getSnapshotKey().isEmpty() || container.getImage().isEmpty()) {
            throw new CommandFailed(
                    ExitCode.FAILED,
                    options.container(),
                    "the container has no image or no snapshot of its own",
                    "only containers made of an image can be committed");
        }
        Image image = connection
                .call(
                        ImagesGrpcClient.Get,
                        GetImageRequest.newBuilder()
                                .setName(container.getImage())
                                .build())
                .getImage();
        ImageReader.Manifest base = reader.manifest(image, Platform.host());
        String parent = parent(container);
        String chain = reader.config(base).chainId().orElse("");
        if (!chain.equals(parent)) {
            throw new CommandFailed(
                    ExitCode.FAILED,
                    options.container(),
                    "image " + container.getImage() + " is no longer what the container was made of",
                    "name that image again, then commit");
        }
        Descriptor layer = layer(container, parent, options);
        String diffId = diffId(layer);
        String top = Hash.of(Algorithm.SHA256, (parent + " " + diffId).getBytes(US_ASCII))
                .toString();
        unpack(container.getSnapshotter(), parent, parent.isEmpty() ? diffId : top, layer);
        Digest manifest =
                documents(base, layer, diffId, container.getSnapshotter(), parent.isEmpty() ? diffId : top, options);
        return new Committed(manifest.toString(), layer.getDigest(), diffId, layer.getSize());
    }

    private String parent(Container container) throws CallFailed, CommandFailed, InterruptedException {
        return connection
                .call(
                        SnapshotsGrpcClient.Stat,
                        StatSnapshotRequest.newBuilder()
                                .setSnapshotter(container.getSnapshotter())
                                .setKey(container.getSnapshotKey())
                                .build())
                .getInfo()
                .getParent();
    }

    private Descriptor layer(Container container, String parent, CommitOptions options)
            throws CallFailed, CommandFailed, InterruptedException {
        String snapshotter = container.getSnapshotter();
        List<Mount> right = connection
                .call(
                        SnapshotsGrpcClient.Mounts,
                        MountsRequest.newBuilder()
                                .setSnapshotter(snapshotter)
                                .setKey(container.getSnapshotKey())
                                .build())
                .getMountsList();
        String view = Ids.unique("commit-view");
        undo.push("snapshot " + view, () -> remove(snapshotter, view));
        List<Mount> left = connection
                .call(
                        SnapshotsGrpcClient.View,
                        ViewSnapshotRequest.newBuilder()
                                .setSnapshotter(snapshotter)
                                .setKey(view)
                                .setParent(parent)
                                .build())
                .getMountsList();
        DiffRequest request = DiffRequest.newBuilder()
                .addAllLeft(left)
                .addAllRight(right)
                .setMediaType(options.form().mediaType())
                .setRef(Ids.unique("commit"))
                .build();
        if (options.pause()) {
            pause(options.container());
        }
        Descriptor layer =
                connection.call(DiffGrpcClient.Diff, request, DIFF_WITHIN).getDiff();
        resume(options.container());
        return layer;
    }

    /// Pauses it if it runs. An interrupt on the way resumes it too.
    private void pause(String container) throws CallFailed, CommandFailed, InterruptedException {
        try {
            Status status = connection
                    .call(
                            TasksGrpcClient.Get,
                            GetRequest.newBuilder().setContainerId(container).build())
                    .getProcess()
                    .getStatus();
            if (status == Status.RUNNING) {
                paused = true;
                undo.push("pause of " + container, () -> resume(container));
                var _ = connection.call(
                        TasksGrpcClient.Pause,
                        PauseTaskRequest.newBuilder().setContainerId(container).build());
            }
        } catch (CallFailed e) {
            // Without a task, and with one that has just ended, nothing writes.
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
        }
    }

    private void resume(String container) throws CallFailed, CommandFailed, InterruptedException {
        if (paused) {
            paused = false;
            var _ = connection.call(
                    TasksGrpcClient.Resume,
                    ResumeTaskRequest.newBuilder().setContainerId(container).build());
        }
    }

    private void remove(String snapshotter, String key) throws CallFailed, CommandFailed, InterruptedException {
        try {
            var _ = connection.call(
                    SnapshotsGrpcClient.Remove,
                    RemoveSnapshotRequest.newBuilder()
                            .setSnapshotter(snapshotter)
                            .setKey(key)
                            .build());
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
        }
    }

    private String diffId(Descriptor layer) throws CallFailed, CommandFailed, InterruptedException {
        String diffId = connection
                .call(
                        ContentGrpcClient.Info,
                        InfoRequest.newBuilder().setDigest(layer.getDigest()).build())
                .getInfo()
                .getLabelsOrDefault(UNCOMPRESSED, "");
        if (diffId.isEmpty()) {
            throw new CommandFailed(
                    ExitCode.FAILED, "", "the daemon does not tell the diff id of " + layer.getDigest(), "");
        }
        return diffId;
    }

    /// Makes the snapshot of the new image, so that it can be run at once, though no registry has it.
    private void unpack(String snapshotter, String parent, String chain, Descriptor layer)
            throws CallFailed, CommandFailed, InterruptedException {
        String key = Ids.unique("extract") + " " + chain;
        undo.push("snapshot " + key, () -> remove(snapshotter, key));
        List<Mount> mounts = connection
                .call(
                        SnapshotsGrpcClient.Prepare,
                        PrepareSnapshotRequest.newBuilder()
                                .setSnapshotter(snapshotter)
                                .setKey(key)
                                .setParent(parent)
                                .build())
                .getMountsList();
        var _ = connection.call(
                DiffGrpcClient.Apply,
                ApplyRequest.newBuilder().setDiff(layer).addAllMounts(mounts).build(),
                DIFF_WITHIN);
        try {
            var _ = connection.call(
                    SnapshotsGrpcClient.Commit,
                    CommitSnapshotRequest.newBuilder()
                            .setSnapshotter(snapshotter)
                            .setName(chain)
                            .setKey(key)
                            .build());
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.ALREADY_EXISTS) {
                throw e;
            }
        }
    }

    private Digest documents(
            ImageReader.Manifest base,
            Descriptor layer,
            String diffId,
            String snapshotter,
            String chain,
            CommitOptions options)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        byte[] config = CommittedImage.config(reader.read(base.config().digest()), diffId, options, clock.instant());
        Digest configDigest = writer.write("config", config, Map.of(SNAPSHOT_REF + snapshotter, chain));
        byte[] manifest = CommittedImage.manifest(
                reader.read(base.self().digest()),
                configDigest.toString(),
                config.length,
                CommittedImage.descriptor(layer.getMediaType(), layer.getDigest(), layer.getSize()));
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put(CONTENT_REF + "config", configDigest.toString());
        for (int i = 0; i < base.layers().size(); i++) {
            labels.put(CONTENT_REF + "l." + i, base.layers().get(i).digest());
        }
        labels.put(CONTENT_REF + "l." + base.layers().size(), layer.getDigest());
        Digest manifestDigest = writer.write("manifest", manifest, labels);
        name(Image.newBuilder()
                .setName(options.image())
                .setTarget(Descriptor.newBuilder()
                        .setMediaType(CommittedImage.MANIFEST_TYPE)
                        .setDigest(manifestDigest.toString())
                        .setSize(manifest.length))
                .build());
        return manifestDigest;
    }

    private void name(Image image) throws CallFailed, CommandFailed, InterruptedException {
        try {
            var _ = connection.call(
                    ImagesGrpcClient.Create,
                    CreateImageRequest.newBuilder().setImage(image).build());
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.ALREADY_EXISTS) {
                throw e;
            }
            var _ = connection.call(
                    ImagesGrpcClient.Update,
                    UpdateImageRequest.newBuilder().setImage(image).build());
        }
    }
}
