package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.slipway.api.services.streaming.v1.StreamInit;
import io.slipway.api.services.streaming.v1.StreamingGrpcClient;
import io.slipway.api.services.transfer.v1.TransferGrpcClient;
import io.slipway.api.services.transfer.v1.TransferOptions;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.types.transfer.AuthRequest;
import io.slipway.api.types.transfer.AuthResponse;
import io.slipway.api.types.transfer.AuthType;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.OCIRegistry;
import io.slipway.api.types.transfer.Progress;
import io.slipway.api.types.transfer.RegistryResolver;
import io.slipway.api.types.transfer.UnpackConfiguration;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.GrpcServices;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TransferServiceTest {
    @TempDir
    Path root;

    private Vertx vertx;
    private TestRegistry registry;
    private PullerHarness harness;
    private HttpServer http;
    private GrpcClient client;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        registry = new TestRegistry(vertx);
        harness = new PullerHarness(vertx, root);
        GrpcServer grpc = GrpcServer.server(vertx);
        harness.puller.bind(new GrpcServices(grpc));
        http = await1(vertx.createHttpServer().requestHandler(grpc).listen(0, "127.0.0.1"));
        client = GrpcClient.client(vertx);
    }

    @AfterEach
    void stop() throws Exception {
        harness.close();
        registry.close();
        await1(vertx.close());
    }

    private static <T> T await1(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /// An open stream of the client.
    private record Open(GrpcClientRequest<Any, Any> request, List<Any> received, List<String> over) {}

    private Open open(String id) throws Exception {
        GrpcClientRequest<Any, Any> request = await1(client.request(
                SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), StreamingGrpcClient.Stream));
        request.headers().set("containerd-namespace", "default");
        Open open = new Open(request, new CopyOnWriteArrayList<>(), new CopyOnWriteArrayList<>());
        request.response().onComplete(result -> {
            if (result.failed()) {
                open.over().add(String.valueOf(result.cause()));
                return;
            }
            GrpcClientResponse<Any, Any> response = result.result();
            response.handler(open.received()::add);
            response.endHandler(end -> open.over().add(response.status().name()));
            response.errorHandler(e -> open.over().add(String.valueOf(e)));
        });
        await1(request.write(Anys.pack(StreamInit.newBuilder().setId(id).build())));
        return open;
    }

    private Open acknowledged(String id) throws Exception {
        Open open = open(id);
        await().until(() -> !open.received().isEmpty());
        assertThat(Anys.is(open.received().getFirst(), Empty.getDefaultInstance()))
                .isTrue();
        return open;
    }

    private String transfer(Message source, Message destination, String progress) throws Exception {
        GrpcClientRequest<TransferRequest, Empty> request = await1(client.request(
                SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), TransferGrpcClient.Transfer));
        request.headers().set("containerd-namespace", "default");
        GrpcClientResponse<TransferRequest, Empty> response = await1(request.send(TransferRequest.newBuilder()
                .setSource(Anys.pack(source))
                .setDestination(Anys.pack(destination))
                .setOptions(TransferOptions.newBuilder().setProgressStream(progress))
                .build()));
        await1(response.end().otherwiseEmpty());
        return response.status() == GrpcStatus.OK ? "OK" : response.status().name() + " " + response.statusMessage();
    }

    private static OCIRegistry source(String reference) {
        return OCIRegistry.newBuilder().setReference(reference).build();
    }

    private static ImageStore store(String name) {
        return ImageStore.newBuilder()
                .setName(name)
                .putLabels("a", "b")
                .addUnpacks(UnpackConfiguration.newBuilder())
                .build();
    }

    @Test
    void pullsWithProgressInContainerdsWords() throws Exception {
        TestImage image = TestImage.of(1, 1000, 2_000_000);
        String name = registry.push("a", "1", image).name();
        Open progress = acknowledged("p");
        assertThat(transfer(source(name), store(name), "p")).isEqualTo("OK");
        await().until(() -> progress.over().contains("OK"));
        List<Progress> lines = progress.received().stream()
                .skip(1)
                .map(any -> Anys.unpack(any, Progress.parser()))
                .toList();
        assertThat(lines.getFirst().getEvent()).isEqualTo("Resolving from OCI Registry (" + name + ")");
        assertThat(lines.get(1).getEvent()).isEqualTo("Pulling from OCI Registry (" + name + ")");
        assertThat(lines.getLast().getEvent()).isEqualTo("Completed pull from OCI Registry (" + name + ")");
        assertThat(lines).anySatisfy(line -> {
            assertThat(line.getEvent()).isEqualTo("saved");
            assertThat(line.getName()).isEqualTo(name);
            assertThat(line.getDesc().getDigest()).isEqualTo(image.id().toString());
        });
        assertThat(lines.stream()
                        .filter(l -> l.getName().equals("layer-" + image.layer(1)))
                        .map(Progress::getEvent))
                .endsWith("extracted");
        assertThat(lines).anySatisfy(line -> assertThat(line.getName()).isEqualTo("manifest-" + image.id()));
        assertThat(harness.cas.images().get("default", name).orElseThrow().labels())
                .containsEntry("a", "b");
    }

    @Test
    void saysOfEveryLayerWhereItIsWhereItComesFromAndWhyItWaits() throws Exception {
        TestImage image = TestImage.of(7, 5_000_000);
        String name = registry.push("a", "1", image).name();
        List<HttpServerRequest> held = new CopyOnWriteArrayList<>();
        registry.fault = request ->
                held.isEmpty() && TestRegistry.path(request).endsWith("/blobs/" + image.layer(0)) && held.add(request);
        Open progress = acknowledged("p");
        var pulled = vertx.executeBlocking(() -> transfer(source(name), store(name), "p"));
        String layer = "layer-" + image.layer(0);
        await().untilAsserted(() -> assertThat(annotations(progress, layer))
                .anySatisfy(annotations -> assertThat(annotations)
                        .containsEntry(
                                ProgressAnnotations.WAITING_FOR, "waiting for " + registry.host() + " to answer")));
        held.getFirst().connection().close();
        assertThat(pulled.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .isEqualTo("OK");
        await().until(() -> progress.over().contains("OK"));
        assertThat(annotations(progress, layer).getLast())
                .containsEntry(ProgressAnnotations.STATE, "done")
                .containsEntry(ProgressAnnotations.HOST, registry.host())
                .doesNotContainKey(ProgressAnnotations.WAITING_FOR);
    }

    private static List<Map<String, String>> annotations(Open progress, String name) {
        return progress.received().stream()
                .skip(1)
                .map(any -> Anys.unpack(any, Progress.parser()))
                .filter(line -> line.getName().equals(name))
                .map(line -> line.getDesc().getAnnotationsMap())
                .toList();
    }

    @Test
    void asksTheClientForCredentials() throws Exception {
        TestImage image = TestImage.of(2, 1000);
        String name = registry.push("a", "1", image).name();
        String basic = "Basic " + Base64.getEncoder().encodeToString("u:p".getBytes(StandardCharsets.UTF_8));
        registry.fault = request -> {
            if (basic.equals(request.getHeader("Authorization"))) {
                return false;
            }
            request.response()
                    .setStatusCode(401)
                    .putHeader("WWW-Authenticate", "Basic realm=\"here\"")
                    .end();
            return true;
        };
        Open auth = acknowledged("auth");
        OCIRegistry source = source(name).toBuilder()
                .setResolver(RegistryResolver.newBuilder().setAuthStream("auth"))
                .build();
        var answered = vertx.executeBlocking(() -> {
            await().until(() -> auth.received().size() == 2);
            AuthRequest asked = Anys.unpack(auth.received().get(1), AuthRequest.parser());
            assertThat(asked.getHost()).isEqualTo(registry.host());
            assertThat(asked.getReference()).isEqualTo(name);
            assertThat(asked.getWwwauthenticateList()).containsExactly("Basic realm=\"here\"");
            await1(auth.request()
                    .write(Anys.pack(AuthResponse.newBuilder()
                            .setAuthType(AuthType.CREDENTIALS)
                            .setUsername("u")
                            .setSecret("p")
                            .build())));
            return true;
        });
        assertThat(transfer(source, store(name), "")).isEqualTo("OK");
        assertThat(answered.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .isEqualTo(true);
        assertThat(auth.received()).as("asked once").hasSize(2);
    }

    @Test
    void mapsFailuresToTheirCodes() throws Exception {
        assertThat(transfer(source("a b"), store("x"), ""))
                .startsWith("INVALID_ARGUMENT invalid image reference \"a b\"");
        assertThat(transfer(source(registry.host() + "/none:1"), store("x"), ""))
                .startsWith("NOT_FOUND ");
        assertThat(transfer(source("127.0.0.1:1/none:1"), store("x"), "")).startsWith("UNAVAILABLE ");
        assertThat(transfer(store("x"), source("y"), ""))
                .startsWith("UNIMPLEMENTED unable to transfer from containerd.types.transfer.ImageStore to"
                        + " containerd.types.transfer.OCIRegistry");
        assertThat(transfer(source("a"), store("x"), "nobody")).startsWith("NOT_FOUND stream \"nobody\"");
        ImageStore unknown = store("x").toBuilder()
                .clearUnpacks()
                .addUnpacks(UnpackConfiguration.newBuilder().setSnapshotter("zfs"))
                .build();
        assertThat(transfer(source("a"), unknown, "")).startsWith("INVALID_ARGUMENT snapshotter not loaded: zfs");
    }

    @Test
    void aNameCanBeTakenOnceAndIsFreeAgainAfterwards() throws Exception {
        Open first = acknowledged("s");
        Open second = open("s");
        await().until(() -> second.over().contains("ALREADY_EXISTS"));
        await1(first.request().end());
        await().until(() -> first.over().contains("OK"));
        acknowledged("s");
    }
}
