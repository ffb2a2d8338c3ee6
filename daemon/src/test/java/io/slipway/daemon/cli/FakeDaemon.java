package io.slipway.daemon.cli;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcService;
import io.slipway.api.services.containers.v1.CreateContainerResponse;
import io.slipway.api.services.containers.v1.GetContainerResponse;
import io.slipway.api.services.containers.v1.ListContainersResponse;
import io.slipway.api.services.containers.v1.UpdateContainerResponse;
import io.slipway.api.services.content.v1.ContentGrpcService;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.images.v1.GetImageResponse;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcService;
import io.slipway.api.services.images.v1.ListImagesResponse;
import io.slipway.api.services.introspection.v1.IntrospectionGrpcService;
import io.slipway.api.services.introspection.v1.Plugin;
import io.slipway.api.services.introspection.v1.PluginsResponse;
import io.slipway.api.services.leases.v1.CreateResponse;
import io.slipway.api.services.leases.v1.Lease;
import io.slipway.api.services.leases.v1.LeasesGrpcService;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotResponse;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcService;
import io.slipway.api.services.snapshots.v1.StatSnapshotResponse;
import io.slipway.api.services.streaming.v1.StreamInit;
import io.slipway.api.services.streaming.v1.StreamingGrpcService;
import io.slipway.api.services.transfer.v1.TransferGrpcService;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.services.version.v1.VersionGrpcService;
import io.slipway.api.services.version.v1.VersionResponse;
import io.slipway.api.types.Descriptor;
import io.slipway.api.types.Mount;
import io.slipway.cas.Algorithm;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.In;
import io.slipway.cas.grpc.Out;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A daemon of maps behind a real gRPC socket, for tests of the command line. Tasks are in [FakeTasks].
final class FakeDaemon implements AutoCloseable {
    final Map<String, Image> images = new ConcurrentHashMap<>();
    final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    final Map<String, Container> containers = new ConcurrentHashMap<>();
    final Map<String, String> snapshots = new ConcurrentHashMap<>();
    final Map<String, Stream> streams = new ConcurrentHashMap<>();
    final List<String> leases = new CopyOnWriteArrayList<>();
    final List<String> leaseHeaders = new CopyOnWriteArrayList<>();
    final List<String> namespaces = new CopyOnWriteArrayList<>();
    volatile Optional<ApiException> listFailure = Optional.empty();
    volatile Path layer = Path.of("/nonexistent");
    volatile Transfer transfer = (_, _) -> {};

    private final Vertx vertx =
            Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
    private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
    private final GrpcServer grpc = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(16L << 20));
    final GrpcServices services = new GrpcServices(grpc);

    /// What Transfer does.
    interface Transfer {
        void run(FakeDaemon daemon, TransferRequest request) throws IOException, InterruptedException;
    }

    /// A side stream as the daemon sees it.
    record Stream(In<Any> in, Out<Any> out) {}

    FakeDaemon() {
        imageServices();
        containerServices();
        streams();
    }

    /// Listens on `socket`.
    FakeDaemon listen(Path socket) throws Exception {
        vertx.createHttpServer()
                .connectionHandler(connections::add)
                .requestHandler(grpc)
                .listen(SocketAddress.domainSocketAddress(socket.toString()))
                .toCompletionStage()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        return this;
    }

    /// Adds a blob.
    ///
    /// @return its digest
    String blob(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        String digest = Hash.of(Algorithm.SHA256, bytes).toString();
        blobs.put(digest, bytes);
        return digest;
    }

    /// Adds an image with one layer and this configuration.
    ///
    /// @return its diff id, the only link of its chain
    String image(String name, String config) {
        String diffId = "sha256:" + "d".repeat(64);
        String configDigest =
                blob("{\"config\":" + config + ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" + diffId + "\"]}}");
        String manifest = "{\"schemaVersion\":2,\"config\":{\"digest\":\"" + configDigest
                + "\",\"size\":100},\"layers\":[{\"digest\":\"sha256:" + "1".repeat(64) + "\",\"size\":2000}]}";
        images.put(
                name,
                Image.newBuilder()
                        .setName(name)
                        .setTarget(Descriptor.newBuilder()
                                .setMediaType("application/vnd.oci.image.manifest.v1+json")
                                .setDigest(blob(manifest))
                                .setSize(manifest.length()))
                        .build());
        return diffId;
    }

    private void imageServices() {
        services.unary(
                VersionGrpcService.Version,
                (_, _) -> VersionResponse.newBuilder()
                        .setVersion("9.9.9")
                        .setRevision("abc")
                        .build());
        services.unary(ImagesGrpcService.Get, (call, request) -> {
            namespaces.add(call.namespace());
            return GetImageResponse.newBuilder()
                    .setImage(found(images, request.getName(), "image"))
                    .build();
        });
        services.unary(ImagesGrpcService.List, (call, _) -> {
            namespaces.add(call.namespace());
            if (listFailure.isPresent()) {
                throw listFailure.get();
            }
            return ListImagesResponse.newBuilder().addAllImages(images.values()).build();
        });
        services.unary(ImagesGrpcService.Delete, (_, request) -> {
            var _ = found(images, request.getName(), "image");
            images.remove(request.getName());
            return Empty.getDefaultInstance();
        });
        services.serverStream(ContentGrpcService.Read, (_, request, out) -> {
            byte[] bytes = found(blobs, request.getDigest(), "content");
            for (int at = 0; at < bytes.length; at += 64) {
                out.write(ReadContentResponse.newBuilder()
                        .setOffset(at)
                        .setData(ByteString.copyFrom(bytes, at, Math.min(64, bytes.length - at)))
                        .build());
            }
        });
        services.unary(TransferGrpcService.Transfer, (call, request) -> {
            leaseHeaders.add(call.lease().orElse(""));
            transfer.run(this, request);
            return Empty.getDefaultInstance();
        });
        services.unary(LeasesGrpcService.Create, (_, request) -> {
            leases.add(request.getId());
            return CreateResponse.newBuilder()
                    .setLease(Lease.newBuilder().setId(request.getId()))
                    .build();
        });
        services.unary(LeasesGrpcService.Delete, (_, request) -> {
            leases.remove(request.getId());
            return Empty.getDefaultInstance();
        });
        services.unary(
                IntrospectionGrpcService.Plugins,
                (_, _) -> PluginsResponse.newBuilder()
                        .addPlugins(Plugin.newBuilder()
                                .setType("io.containerd.content.v1")
                                .setId("content")
                                .putExports("root", "/var/lib/a b/content"))
                        .build());
    }

    private void containerServices() {
        services.unary(ContainersGrpcService.Create, (_, request) -> {
            Container container = request.getContainer();
            if (containers.putIfAbsent(container.getId(), container) != null) {
                throw ApiException.alreadyExists("container \"" + container.getId() + "\"");
            }
            return CreateContainerResponse.newBuilder().setContainer(container).build();
        });
        services.unary(
                ContainersGrpcService.Get,
                (_, request) -> GetContainerResponse.newBuilder()
                        .setContainer(found(containers, request.getId(), "container"))
                        .build());
        services.unary(
                ContainersGrpcService.List,
                (_, _) -> ListContainersResponse.newBuilder()
                        .addAllContainers(containers.values())
                        .build());
        services.unary(ContainersGrpcService.Update, (_, request) -> {
            Container changed = found(containers, request.getContainer().getId(), "container").toBuilder()
                    .putAllLabels(request.getContainer().getLabelsMap())
                    .build();
            containers.put(changed.getId(), changed);
            return UpdateContainerResponse.newBuilder().setContainer(changed).build();
        });
        services.unary(ContainersGrpcService.Delete, (_, request) -> {
            var _ = found(containers, request.getId(), "container");
            containers.remove(request.getId());
            return Empty.getDefaultInstance();
        });
        services.unary(SnapshotsGrpcService.Stat, (_, request) -> {
            var _ = found(snapshots, request.getKey(), "snapshot");
            return StatSnapshotResponse.getDefaultInstance();
        });
        services.unary(SnapshotsGrpcService.Prepare, (_, request) -> {
            if (snapshots.putIfAbsent(request.getKey(), request.getParent()) != null) {
                throw ApiException.alreadyExists("snapshot " + request.getKey());
            }
            return PrepareSnapshotResponse.newBuilder()
                    .addMounts(Mount.newBuilder().setType("bind").setSource(layer.toString()))
                    .build();
        });
        services.unary(SnapshotsGrpcService.Remove, (_, request) -> {
            var _ = found(snapshots, request.getKey(), "snapshot");
            snapshots.remove(request.getKey());
            return Empty.getDefaultInstance();
        });
    }

    private void streams() {
        services.bidi(StreamingGrpcService.Stream, (_, in, out) -> {
            Any first = in.next().orElseThrow();
            String id = StreamInit.parseFrom(first.getValue()).getId();
            out.write(Any.newBuilder().setTypeUrl("google.protobuf.Empty").build());
            Stream stream = new Stream(in, out);
            streams.put(id, stream);
            synchronized (stream) {
                // Until the transfer that uses it has ended it, or the client goes.
                stream.wait(60_000);
            }
            streams.remove(id);
        });
    }

    /// Ends a side stream from the daemon's side.
    static void end(Stream stream) {
        synchronized (stream) {
            stream.notifyAll();
        }
    }

    static <T> T found(Map<String, T> map, String key, String kind) {
        return Optional.ofNullable(map.get(key)).orElseThrow(() -> ApiException.notFound(kind + " \"" + key + "\""));
    }

    @Override
    public void close() {
        // A process that dies closes its connections; event loops that end may leave one open.
        var ended = connections.stream().map(connection -> connection.close()).toList();
        connections.clear();
        Future.join(ended)
                .transform(_ -> vertx.close())
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }
}
