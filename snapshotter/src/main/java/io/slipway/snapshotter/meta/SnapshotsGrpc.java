package io.slipway.snapshotter.meta;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.slipway.api.services.snapshots.v1.Info;
import io.slipway.api.services.snapshots.v1.Kind;
import io.slipway.api.services.snapshots.v1.ListSnapshotsRequest;
import io.slipway.api.services.snapshots.v1.ListSnapshotsResponse;
import io.slipway.api.services.snapshots.v1.MountsResponse;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotResponse;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcService;
import io.slipway.api.services.snapshots.v1.StatSnapshotResponse;
import io.slipway.api.services.snapshots.v1.UpdateSnapshotRequest;
import io.slipway.api.services.snapshots.v1.UpdateSnapshotResponse;
import io.slipway.api.services.snapshots.v1.UsageResponse;
import io.slipway.api.services.snapshots.v1.ViewSnapshotResponse;
import io.slipway.api.types.Mount;
import io.slipway.cas.Identifier;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.Snapshots;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/// containerd's Snapshots service: translates, calls, translates back.
public final class SnapshotsGrpc {
    /// Entries of a list go out in blocks of so many.
    private static final int BLOCK_ENTRIES = 100;

    private static final String PROXY = "slipway";

    private final Snapshots snapshots;

    public SnapshotsGrpc(Snapshots snapshots) {
        this.snapshots = snapshots;
    }

    /// Serves every call of the service.
    public void bind(GrpcServices server) {
        server.unary(
                SnapshotsGrpcService.Prepare,
                (call, r) -> PrepareSnapshotResponse.newBuilder()
                        .addAllMounts(mounts(snapshots.prepare(
                                namespace(call, r.getSnapshotter(), r.getKey()),
                                named(r.getSnapshotter()),
                                r.getKey(),
                                r.getParent(),
                                r.getLabelsMap(),
                                call.lease())))
                        .build());
        server.unary(
                SnapshotsGrpcService.View,
                (call, r) -> ViewSnapshotResponse.newBuilder()
                        .addAllMounts(mounts(snapshots.view(
                                namespace(call, r.getSnapshotter(), r.getKey()),
                                named(r.getSnapshotter()),
                                r.getKey(),
                                r.getParent(),
                                r.getLabelsMap(),
                                call.lease())))
                        .build());
        server.unary(
                SnapshotsGrpcService.Mounts,
                (call, r) -> MountsResponse.newBuilder()
                        .addAllMounts(mounts(snapshots.mounts(
                                namespace(call, r.getSnapshotter(), r.getKey()),
                                named(r.getSnapshotter()),
                                r.getKey())))
                        .build());
        server.unary(SnapshotsGrpcService.Commit, (call, r) -> {
            snapshots.commit(
                    namespace(call, r.getSnapshotter(), r.getKey()),
                    named(r.getSnapshotter()),
                    r.getName(),
                    r.getKey(),
                    r.getLabelsMap(),
                    r.getParent(),
                    call.lease());
            return Empty.getDefaultInstance();
        });
        server.unary(SnapshotsGrpcService.Remove, (call, r) -> {
            snapshots.remove(namespace(call, r.getSnapshotter(), r.getKey()), named(r.getSnapshotter()), r.getKey());
            return Empty.getDefaultInstance();
        });
        server.unary(
                SnapshotsGrpcService.Stat,
                (call, r) -> StatSnapshotResponse.newBuilder()
                        .setInfo(info(snapshots.stat(
                                namespace(call, r.getSnapshotter(), r.getKey()),
                                named(r.getSnapshotter()),
                                r.getKey())))
                        .build());
        server.unary(SnapshotsGrpcService.Update, this::update);
        server.serverStream(SnapshotsGrpcService.List, this::list);
        server.unary(SnapshotsGrpcService.Usage, (call, r) -> {
            SnapshotUsage usage = snapshots.usage(
                    namespace(call, r.getSnapshotter(), r.getKey()), named(r.getSnapshotter()), r.getKey());
            return UsageResponse.newBuilder()
                    .setSize(usage.sizeBytes())
                    .setInodes(usage.inodes())
                    .build();
        });
        server.unary(SnapshotsGrpcService.Cleanup, (call, r) -> {
            if (!isProxy(r.getSnapshotter())) {
                call.namespace();
            }
            snapshots.cleanup(named(r.getSnapshotter()));
            return Empty.getDefaultInstance();
        });
    }

    /// A containerd that has us as `[proxy_plugins.slipway]` asks by that name for our default snapshotter,
    /// and by `slipway-NAME` for another.
    private String named(String snapshotter) {
        if (snapshotter.equals(PROXY)) {
            return snapshots.defaultSnapshotter();
        }
        return snapshotter.startsWith(PROXY + "-") ? snapshotter.substring(PROXY.length() + 1) : snapshotter;
    }

    private static boolean isProxy(String snapshotter) {
        return snapshotter.equals(PROXY) || snapshotter.startsWith(PROXY + "-");
    }

    /// The call's namespace. Most versions of containerd hand none on to their snapshotter when a client of
    /// theirs asks, and none when they collect garbage: then the key says it ([ProxyKey]).
    private static String namespace(Call call, String snapshotter, String key) {
        int slash = key.indexOf('/');
        return isProxy(snapshotter) && call.namespaceIfSent().isEmpty() && slash > 0
                ? Identifier.check(key.substring(0, slash))
                : call.namespace();
    }

    private UpdateSnapshotResponse update(Call call, UpdateSnapshotRequest request) throws IOException {
        Info given = request.getInfo();
        if (given.getName().isEmpty()) {
            throw io.slipway.cas.ApiException.invalid("snapshot key must not be empty");
        }
        SnapshotInfo wanted = new SnapshotInfo(
                given.getName(), "", SnapshotKind.ACTIVE, Instant.EPOCH, Instant.EPOCH, given.getLabelsMap());
        List<String> mask = request.getUpdateMask().getPathsList();
        return UpdateSnapshotResponse.newBuilder()
                .setInfo(info(snapshots.update(
                        namespace(call, request.getSnapshotter(), given.getName()),
                        named(request.getSnapshotter()),
                        wanted,
                        mask)))
                .build();
    }

    private void list(Call call, ListSnapshotsRequest request, Out<ListSnapshotsResponse> out)
            throws IOException, InterruptedException {
        String snapshotter = named(request.getSnapshotter());
        boolean everywhere =
                isProxy(request.getSnapshotter()) && call.namespaceIfSent().isEmpty();
        List<SnapshotInfo> all = everywhere
                ? snapshots.listOfProxies(snapshotter, request.getFiltersList())
                : snapshots.list(call.namespace(), snapshotter, request.getFiltersList());
        for (int from = 0; from < all.size(); from += BLOCK_ENTRIES) {
            ListSnapshotsResponse.Builder block = ListSnapshotsResponse.newBuilder();
            all.subList(from, Math.min(from + BLOCK_ENTRIES, all.size())).forEach(one -> block.addInfo(info(one)));
            out.write(block.build());
        }
    }

    private static List<Mount> mounts(List<io.slipway.linux.Mount> mounts) {
        return mounts.stream()
                .map(mount -> Mount.newBuilder()
                        .setType(mount.type())
                        .setSource(mount.source())
                        .setTarget(mount.target())
                        .addAllOptions(mount.options())
                        .build())
                .toList();
    }

    private static Info info(SnapshotInfo info) {
        return Info.newBuilder()
                .setName(info.name())
                .setParent(info.parent())
                .setKind(
                        switch (info.kind()) {
                            case VIEW -> Kind.VIEW;
                            case ACTIVE -> Kind.ACTIVE;
                            case COMMITTED -> Kind.COMMITTED;
                        })
                .setCreatedAt(timestamp(info.createdAt()))
                .setUpdatedAt(timestamp(info.updatedAt()))
                .putAllLabels(info.labels())
                .build();
    }

    private static Timestamp timestamp(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }
}
