package io.slipway.daemon;

import com.google.protobuf.Empty;
import io.slipway.api.google.rpc.Status;
import io.slipway.api.grpc.health.v1.HealthCheckRequest;
import io.slipway.api.grpc.health.v1.HealthCheckResponse;
import io.slipway.api.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.slipway.api.grpc.health.v1.HealthGrpcService;
import io.slipway.api.grpc.health.v1.HealthListResponse;
import io.slipway.api.services.introspection.v1.IntrospectionGrpcService;
import io.slipway.api.services.introspection.v1.Plugin;
import io.slipway.api.services.introspection.v1.PluginsRequest;
import io.slipway.api.services.introspection.v1.PluginsResponse;
import io.slipway.api.services.introspection.v1.ServerResponse;
import io.slipway.api.services.version.v1.VersionGrpcService;
import io.slipway.api.services.version.v1.VersionResponse;
import io.slipway.api.types.Platform;
import io.slipway.cas.ApiException;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// The services about the daemon itself: Version, Introspection, Health. None needs a namespace.
final class SystemServices {
    private final Version version;
    private final String uuid;
    private final List<PluginEntry> plugins;

    /// @param uuid of this root, see [NodeId]
    SystemServices(Version version, String uuid, List<PluginEntry> plugins) {
        this.version = version;
        this.uuid = uuid;
        this.plugins = List.copyOf(plugins);
    }

    void bind(GrpcServices services) {
        services.unary(
                VersionGrpcService.Version,
                (_, _) -> VersionResponse.newBuilder()
                        .setVersion(version.version())
                        .setRevision(version.revision())
                        .build());
        services.unary(IntrospectionGrpcService.Plugins, (_, request) -> plugins(request));
        services.unary(IntrospectionGrpcService.Server, this::server);
        services.unary(HealthGrpcService.Check, (_, request) -> check(request));
        services.unary(
                HealthGrpcService.List,
                (_, _) -> HealthListResponse.newBuilder()
                        .putStatuses("", serving())
                        .build());
        services.serverStream(HealthGrpcService.Watch, SystemServices::watch);
    }

    private PluginsResponse plugins(PluginsRequest request) {
        Filter filter = Filter.parse(request.getFiltersList());
        PluginsResponse.Builder response = PluginsResponse.newBuilder();
        plugins.stream()
                .filter(entry -> filter.matches(path -> field(entry, path)))
                .map(SystemServices::message)
                .forEach(response::addPlugins);
        return response.build();
    }

    private static Optional<String> field(PluginEntry entry, List<String> path) {
        return switch (path.getFirst()) {
            case "type" -> Fields.text(entry.type(), path);
            case "id" -> Fields.text(entry.id(), path);
            case "exports" -> Fields.inMap(entry.exports(), path);
            default -> Optional.empty();
        };
    }

    private static Plugin message(PluginEntry entry) {
        Plugin.Builder plugin = Plugin.newBuilder()
                .setType(entry.type())
                .setId(entry.id())
                .putAllExports(entry.exports())
                .addAllCapabilities(entry.capabilities());
        if (entry.platforms()) {
            plugin.addPlatforms(Platform.newBuilder()
                    .setOs("linux")
                    .setArchitecture("amd64")
                    .build());
        }
        // `ctr plugins ls` shows a message that ends so as "skip", any other as "error".
        entry.off()
                .ifPresent(why -> plugin.setInitErr(
                        Status.newBuilder().setCode(GrpcStatus.UNKNOWN.code).setMessage(why + ": skip plugin")));
        return plugin.build();
    }

    private ServerResponse server(Call call, Empty request) throws IOException {
        return ServerResponse.newBuilder()
                .setUuid(uuid)
                .setPid(ProcessHandle.current().pid())
                .setPidns(pidNamespace())
                .build();
    }

    /// namespaces(7): the link reads `pid:[4026531836]`, the number is its inode.
    private static long pidNamespace() throws IOException {
        String link = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
        return Long.parseLong(link.substring(link.indexOf('[') + 1, link.length() - 1));
    }

    private static HealthCheckResponse check(HealthCheckRequest request) {
        if (!request.getService().isEmpty()) {
            throw new ApiException(ApiException.Code.NOT_FOUND, "unknown service");
        }
        return serving();
    }

    /// The status never changes while the daemon lives: one message, then silence until the client leaves.
    private static void watch(Call call, HealthCheckRequest request, Out<HealthCheckResponse> out)
            throws InterruptedException {
        boolean known = request.getService().isEmpty();
        out.write(
                known
                        ? serving()
                        : HealthCheckResponse.newBuilder()
                                .setStatus(ServingStatus.SERVICE_UNKNOWN)
                                .build());
        new CountDownLatch(1).await();
    }

    private static HealthCheckResponse serving() {
        return HealthCheckResponse.newBuilder().setStatus(ServingStatus.SERVING).build();
    }
}
