package io.slipway.snapshotter.meta;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.slipway.api.services.snapshots.v1.CleanupRequest;
import io.slipway.api.services.snapshots.v1.CommitSnapshotRequest;
import io.slipway.api.services.snapshots.v1.Info;
import io.slipway.api.services.snapshots.v1.ListSnapshotsRequest;
import io.slipway.api.services.snapshots.v1.ListSnapshotsResponse;
import io.slipway.api.services.snapshots.v1.MountsRequest;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotRequest;
import io.slipway.api.services.snapshots.v1.RemoveSnapshotRequest;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcClient;
import io.slipway.api.services.snapshots.v1.StatSnapshotRequest;
import io.slipway.api.services.snapshots.v1.UpdateSnapshotRequest;
import io.slipway.api.services.snapshots.v1.UsageRequest;
import io.slipway.api.services.snapshots.v1.UsageResponse;
import io.slipway.api.services.snapshots.v1.ViewSnapshotRequest;
import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.Snapshots;
import io.slipway.snapshotter.testing.GrpcPeer;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/// The snapshots of a server, by containerd's Snapshots service.
final class SnapshotsClient implements Snapshots {
    private static final Map<String, String> NOWHERE = Map.of();

    private final GrpcPeer peer;

    SnapshotsClient(GrpcPeer peer) {
        this.peer = peer;
    }

    private <I extends Message, O extends Message> List<O> all(
            ServiceMethod<O, I> method, I request, Map<String, String> headers) throws IOException {
        GrpcPeer.Answer<O> answer;
        try {
            answer = peer.call(method, request, headers);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IOException(method.fullMethodName(), e);
        }
        if (answer.status() == GrpcStatus.OK) {
            return answer.messages();
        }
        if (answer.status() == GrpcStatus.UNKNOWN) {
            throw new IOException(answer.text());
        }
        throw new ApiException(ApiException.Code.valueOf(answer.status().name()), answer.text());
    }

    private <I extends Message, O extends Message> O one(
            ServiceMethod<O, I> method, I request, Map<String, String> headers) throws IOException {
        return all(method, request, headers).getFirst();
    }

    private static Map<String, String> in(String namespace) {
        return Map.of("containerd-namespace", namespace);
    }

    private static Map<String, String> in(String namespace, Optional<String> lease) {
        Map<String, String> headers = new HashMap<>(in(namespace));
        lease.ifPresent(id -> headers.put("containerd-lease", id));
        return headers;
    }

    @Override
    public List<Mount> prepare(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        PrepareSnapshotRequest request = PrepareSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .setParent(parent)
                .putAllLabels(labels)
                .build();
        return mounts(
                one(SnapshotsGrpcClient.Prepare, request, in(namespace, lease)).getMountsList());
    }

    @Override
    public List<Mount> view(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        ViewSnapshotRequest request = ViewSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .setParent(parent)
                .putAllLabels(labels)
                .build();
        return mounts(
                one(SnapshotsGrpcClient.View, request, in(namespace, lease)).getMountsList());
    }

    @Override
    public List<Mount> mounts(String namespace, String snapshotter, String key) throws IOException {
        MountsRequest request = MountsRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .build();
        return mounts(one(SnapshotsGrpcClient.Mounts, request, in(namespace)).getMountsList());
    }

    @Override
    public void commit(
            String namespace,
            String snapshotter,
            String name,
            String key,
            Map<String, String> labels,
            String parent,
            Optional<String> lease)
            throws IOException {
        CommitSnapshotRequest request = CommitSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setName(name)
                .setKey(key)
                .putAllLabels(labels)
                .setParent(parent)
                .build();
        Object _ = one(SnapshotsGrpcClient.Commit, request, in(namespace, lease));
    }

    @Override
    public void remove(String namespace, String snapshotter, String key) throws IOException {
        RemoveSnapshotRequest request = RemoveSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .build();
        Object _ = one(SnapshotsGrpcClient.Remove, request, in(namespace));
    }

    @Override
    public SnapshotInfo stat(String namespace, String snapshotter, String key) throws IOException {
        StatSnapshotRequest request = StatSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .build();
        return info(one(SnapshotsGrpcClient.Stat, request, in(namespace)).getInfo());
    }

    @Override
    public SnapshotInfo update(String namespace, String snapshotter, SnapshotInfo info, List<String> mask)
            throws IOException {
        UpdateSnapshotRequest request = UpdateSnapshotRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setInfo(Info.newBuilder().setName(info.name()).putAllLabels(info.labels()))
                .setUpdateMask(FieldMask.newBuilder().addAllPaths(mask))
                .build();
        return info(one(SnapshotsGrpcClient.Update, request, in(namespace)).getInfo());
    }

    /// As a containerd asks that has the server for its `slipway-NAME`.
    @Override
    public List<SnapshotInfo> listOfProxies(String snapshotter, List<String> filters) throws IOException {
        return list("slipway-" + snapshotter, filters, NOWHERE);
    }

    @Override
    public List<SnapshotInfo> list(String namespace, String snapshotter, List<String> filters) throws IOException {
        return list(snapshotter, filters, in(namespace));
    }

    private List<SnapshotInfo> list(String snapshotter, List<String> filters, Map<String, String> headers)
            throws IOException {
        ListSnapshotsRequest request = ListSnapshotsRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .addAllFilters(filters)
                .build();
        List<ListSnapshotsResponse> blocks = all(SnapshotsGrpcClient.List, request, headers);
        return blocks.stream()
                .flatMap(block -> block.getInfoList().stream())
                .map(SnapshotsClient::info)
                .toList();
    }

    @Override
    public SnapshotUsage usage(String namespace, String snapshotter, String key) throws IOException {
        UsageRequest request = UsageRequest.newBuilder()
                .setSnapshotter(snapshotter)
                .setKey(key)
                .build();
        UsageResponse usage = one(SnapshotsGrpcClient.Usage, request, in(namespace));
        return new SnapshotUsage(usage.getSize(), usage.getInodes());
    }

    @Override
    public void cleanup(String snapshotter) throws IOException {
        CleanupRequest request = CleanupRequest.newBuilder()
                .setSnapshotter("slipway-" + snapshotter)
                .build();
        Object _ = one(SnapshotsGrpcClient.Cleanup, request, NOWHERE);
    }

    /// The service doesn't say.
    @Override
    public List<String> snapshotters() {
        throw new UnsupportedOperationException("the Snapshots service lists no snapshotters");
    }

    /// The service doesn't say.
    @Override
    public String defaultSnapshotter() {
        throw new UnsupportedOperationException("the Snapshots service names no default snapshotter");
    }

    private static List<Mount> mounts(List<io.slipway.api.types.Mount> mounts) {
        return mounts.stream()
                .map(mount -> new Mount(mount.getType(), mount.getSource(), mount.getTarget(), mount.getOptionsList()))
                .toList();
    }

    private static SnapshotInfo info(Info info) {
        return new SnapshotInfo(
                info.getName(),
                info.getParent(),
                switch (info.getKind()) {
                    case VIEW -> SnapshotKind.VIEW;
                    case ACTIVE -> SnapshotKind.ACTIVE;
                    case COMMITTED -> SnapshotKind.COMMITTED;
                    case UNKNOWN, UNRECOGNIZED -> throw new IllegalStateException(info.toString());
                },
                instant(info.getCreatedAt()),
                instant(info.getUpdatedAt()),
                info.getLabelsMap());
    }

    private static Instant instant(Timestamp at) {
        return Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
    }
}
