package io.slipway.cas.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import io.slipway.api.services.content.v1.AbortRequest;
import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.DeleteContentRequest;
import io.slipway.api.services.content.v1.Info;
import io.slipway.api.services.content.v1.InfoRequest;
import io.slipway.api.services.content.v1.ListContentRequest;
import io.slipway.api.services.content.v1.ListContentResponse;
import io.slipway.api.services.content.v1.ListStatusesRequest;
import io.slipway.api.services.content.v1.ReadContentRequest;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.content.v1.StatusRequest;
import io.slipway.api.services.content.v1.UpdateRequest;
import io.slipway.api.services.content.v1.WriteAction;
import io.slipway.api.services.content.v1.WriteContentRequest;
import io.slipway.api.services.content.v1.WriteContentResponse;
import io.slipway.api.services.images.v1.CreateImageRequest;
import io.slipway.api.services.images.v1.DeleteImageRequest;
import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ImagesGrpcClient;
import io.slipway.api.services.images.v1.ListImagesRequest;
import io.slipway.api.services.images.v1.UpdateImageRequest;
import io.slipway.api.services.leases.v1.AddResourceRequest;
import io.slipway.api.services.leases.v1.CreateRequest;
import io.slipway.api.services.leases.v1.DeleteRequest;
import io.slipway.api.services.leases.v1.DeleteResourceRequest;
import io.slipway.api.services.leases.v1.LeasesGrpcClient;
import io.slipway.api.services.leases.v1.ListRequest;
import io.slipway.api.services.leases.v1.ListResourcesRequest;
import io.slipway.api.services.leases.v1.Resource;
import io.slipway.api.services.namespaces.v1.CreateNamespaceRequest;
import io.slipway.api.services.namespaces.v1.DeleteNamespaceRequest;
import io.slipway.api.services.namespaces.v1.GetNamespaceRequest;
import io.slipway.api.services.namespaces.v1.ListNamespacesRequest;
import io.slipway.api.services.namespaces.v1.Namespace;
import io.slipway.api.services.namespaces.v1.NamespacesGrpcClient;
import io.slipway.api.services.namespaces.v1.UpdateNamespaceRequest;
import io.slipway.api.types.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The four services over a connection, with containerd's codes and texts.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class ServicesTest {
    private static final String NS = TestCas.NS;
    private static final byte[] BODY = Bytes.random(1, 600_000);

    @TempDir
    private Path root;

    private final Vertx vertx = Vertx.vertx();
    private TestCas store;
    private HttpServer http;
    private GrpcClient client;

    /// What one call gave: its messages, or its status.
    private record Answer<O>(List<O> messages, String status, String text) {
        O only() {
            assertThat(status).as(text).isEqualTo("OK");
            assertThat(messages).hasSize(1);
            return messages.getFirst();
        }

        void refused(String code, String what) {
            assertThat(status).as(text).isEqualTo(code);
            assertThat(text).contains(what);
        }
    }

    /// The client looks for the text in the headers only, where it is when there is no message.
    private static String text(GrpcClientResponse<?, ?> response) {
        var trailer = response.trailers().get("grpc-message");
        return Optional.ofNullable(response.statusMessage())
                .or(() -> Optional.ofNullable(trailer)
                        .map(encoded -> URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8)))
                .orElse("");
    }

    @BeforeEach
    void listen() throws Exception {
        store = new TestCas(root);
        var grpc = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(16 << 20));
        store.cas().bind(new GrpcServices(grpc));
        http = await(vertx.createHttpServer().requestHandler(grpc).listen(0, "127.0.0.1"));
        client = GrpcClient.client(vertx, new GrpcClientOptions().setMaxMessageSize(16 << 20));
    }

    @AfterEach
    void close() throws Exception {
        await(vertx.close());
        store.close();
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private <I, O> Future<GrpcClientRequest<I, O>> request(ServiceMethod<O, I> method) {
        return client.request(SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1"), method);
    }

    private <I extends Message, O> Answer<O> call(ServiceMethod<O, I> method, I message, Map<String, String> headers)
            throws Exception {
        var messages = new ArrayList<O>();
        return await(request(method).compose(request -> {
            headers.forEach((key, value) -> request.headers().set(key, value));
            // A listener added from the calling thread might come after the first message.
            return request.send(message).compose(response -> {
                response.handler(messages::add);
                return response.end()
                        .otherwiseEmpty()
                        .map(_ -> new Answer<>(
                                messages,
                                response.status().name(),
                                Optional.ofNullable(response.statusMessage()).orElse("")));
            });
        }));
    }

    private <I extends Message, O> Answer<O> call(ServiceMethod<O, I> method, I message) throws Exception {
        return call(method, message, Map.of("containerd-namespace", NS));
    }

    /// A Content.Write stream held open by the test.
    private final class Writing {
        private final BlockingQueue<Object> replies = new LinkedBlockingQueue<>();
        private final GrpcClientRequest<WriteContentRequest, WriteContentResponse> request;

        Writing(String lease) throws Exception {
            request = await(request(ContentGrpcClient.Write));
            request.headers().set("containerd-namespace", NS);
            if (!lease.isEmpty()) {
                request.headers().set("containerd-lease", lease);
            }
            request.response().onSuccess(response -> {
                response.handler(replies::add);
                response.end().onComplete(_ -> replies.add(response.status().name() + " " + text(response)));
            });
        }

        void send(WriteContentRequest.Builder message) throws Exception {
            await(request.write(message.build()));
        }

        WriteContentResponse reply() throws Exception {
            var reply = next();
            assertThat(reply).isInstanceOf(WriteContentResponse.class);
            return (WriteContentResponse) reply;
        }

        String status() throws Exception {
            return String.valueOf(next());
        }

        void end() throws Exception {
            await(request.end());
        }

        private Object next() throws Exception {
            var next = replies.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("an answer").isNotNull();
            return java.util.Objects.requireNonNull(next);
        }
    }

    private Writing write() throws Exception {
        return new Writing("");
    }

    private static WriteContentRequest.Builder message(WriteAction action) {
        return WriteContentRequest.newBuilder().setAction(action);
    }

    private static ByteString bytes(int from, int to) {
        return ByteString.copyFrom(BODY, from, to - from);
    }

    private Digest add(Map<String, String> labels) throws IOException, InterruptedException {
        return store.add(NS, BODY, labels, Optional.empty());
    }

    @Test
    void aMissingNamespaceIsRefused() throws Exception {
        call(ContentGrpcClient.Info, InfoRequest.getDefaultInstance(), Map.of())
                .refused("FAILED_PRECONDITION", "namespace is required");
        call(ImagesGrpcClient.List, ListImagesRequest.getDefaultInstance(), Map.of())
                .refused("FAILED_PRECONDITION", "namespace is required");
        call(LeasesGrpcClient.List, ListRequest.getDefaultInstance(), Map.of())
                .refused("FAILED_PRECONDITION", "namespace is required");
        assertThat(call(NamespacesGrpcClient.List, ListNamespacesRequest.getDefaultInstance(), Map.of())
                        .only()
                        .getNamespacesList())
                .isEmpty();
    }

    @Test
    void contentIsShownReadLabelledAndDeleted() throws Exception {
        var digest = add(Map.of("a", "b")).toString();
        var info = call(
                        ContentGrpcClient.Info,
                        InfoRequest.newBuilder().setDigest(digest).build())
                .only()
                .getInfo();
        assertThat(info.getSize()).isEqualTo(BODY.length);
        assertThat(info.getCreatedAt().getSeconds()).isPositive();
        var updated = call(
                        ContentGrpcClient.Update,
                        UpdateRequest.newBuilder()
                                .setInfo(Info.newBuilder()
                                        .setDigest(digest)
                                        .putLabels("x.y/z", "1")
                                        .putLabels("a", ""))
                                .setUpdateMask(FieldMask.newBuilder()
                                        .addPaths("labels.x.y/z")
                                        .addPaths("labels.a"))
                                .build())
                .only()
                .getInfo();
        assertThat(updated.getLabelsMap()).containsExactly(Map.entry("x.y/z", "1"));
        assertThat(read(digest, 0, 0)).isEqualTo(ByteString.copyFrom(BODY));
        assertThat(read(digest, 300_000, 10)).isEqualTo(bytes(300_000, 300_010));
        assertThat(read(digest, BODY.length, 0)).isEqualTo(ByteString.EMPTY);
        var listed = call(
                ContentGrpcClient.List,
                ListContentRequest.newBuilder()
                        .addFilters("labels.\"x.y/z\"==1")
                        .build());
        assertThat(listed.messages().stream().flatMap((ListContentResponse block) -> block.getInfoList().stream()))
                .extracting(Info::getDigest)
                .containsExactly(digest);
        call(
                        ContentGrpcClient.Delete,
                        DeleteContentRequest.newBuilder().setDigest(digest).build())
                .only();
        call(ContentGrpcClient.Info, InfoRequest.newBuilder().setDigest(digest).build())
                .refused("NOT_FOUND", "content digest " + digest + ": not found");
        assertThat(store.events).contains(NS + " /content/delete");
    }

    private ByteString read(String digest, long offset, long size) throws Exception {
        var answer = call(
                ContentGrpcClient.Read,
                ReadContentRequest.newBuilder()
                        .setDigest(digest)
                        .setOffset(offset)
                        .setSize(size)
                        .build());
        assertThat(answer.status()).isEqualTo("OK");
        long at = 0;
        for (ReadContentResponse message : answer.messages()) {
            assertThat(message.getOffset()).isEqualTo(at);
            at += message.getData().size();
        }
        return answer.messages().stream()
                .map(ReadContentResponse::getData)
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    @Test
    void contentRefusesWhatItMust() throws Exception {
        var digest = add(Map.of()).toString();
        var absent = Bytes.digest(new byte[3]).toString();
        call(
                        ContentGrpcClient.Info,
                        InfoRequest.newBuilder().setDigest("sha256:xyz").build())
                .refused("INVALID_ARGUMENT", "invalid checksum digest");
        call(
                        ContentGrpcClient.Info,
                        InfoRequest.newBuilder().setDigest(digest).build(),
                        Map.of("containerd-namespace", "b"))
                .refused("NOT_FOUND", "content digest " + digest + ": not found");
        call(
                        ContentGrpcClient.Read,
                        ReadContentRequest.newBuilder().setDigest(absent).build())
                .refused("NOT_FOUND", "content digest");
        call(
                        ContentGrpcClient.Read,
                        ReadContentRequest.newBuilder()
                                .setDigest(digest)
                                .setOffset(BODY.length + 1)
                                .build())
                .refused("OUT_OF_RANGE", "read past object length 600000 bytes");
        call(
                        ContentGrpcClient.Delete,
                        DeleteContentRequest.newBuilder().setDigest(absent).build())
                .refused("NOT_FOUND", "content digest");
        call(
                        ContentGrpcClient.Update,
                        UpdateRequest.newBuilder()
                                .setInfo(Info.newBuilder().setDigest(digest))
                                .setUpdateMask(FieldMask.newBuilder().addPaths("size"))
                                .build())
                .refused("INVALID_ARGUMENT", "cannot update \"size\" field");
        call(
                        ContentGrpcClient.List,
                        ListContentRequest.newBuilder().addFilters("a=b").build())
                .refused("INVALID_ARGUMENT", "filters: parse error");
        call(ContentGrpcClient.Status, StatusRequest.newBuilder().setRef("r").build())
                .refused("NOT_FOUND", "not found");
        call(ContentGrpcClient.Abort, AbortRequest.newBuilder().setRef("r").build())
                .refused("NOT_FOUND", "not found");
    }

    /// Row 49 of the corpus of hostile images.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "sha256:../../../../evil",
                "../../evil",
                "/evil",
                "md5:d41d8cd98f00b204e9800998ecf8427e",
                "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/../evil",
                "sha256:"
            })
    void neitherDigestNorRefIsAPath(String hostile) throws Exception {
        call(ContentGrpcClient.Info, InfoRequest.newBuilder().setDigest(hostile).build())
                .refused("INVALID_ARGUMENT", "digest");
        call(
                        ContentGrpcClient.Read,
                        ReadContentRequest.newBuilder().setDigest(hostile).build())
                .refused("INVALID_ARGUMENT", "digest");
        call(
                        ContentGrpcClient.Delete,
                        DeleteContentRequest.newBuilder().setDigest(hostile).build())
                .refused("INVALID_ARGUMENT", "digest");
        call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder()
                                .setImage(image("a")
                                        .setTarget(Descriptor.newBuilder()
                                                .setMediaType("a/b")
                                                .setSize(1)
                                                .setDigest(hostile)))
                                .build())
                .refused("INVALID_ARGUMENT", "digest");
        var expecting = write();
        expecting.send(
                message(WriteAction.WRITE).setRef("r").setExpected(hostile).setData(bytes(0, 10)));
        assertThat(expecting.status()).startsWith("INVALID_ARGUMENT");
        var named = write();
        named.send(message(WriteAction.WRITE).setRef(hostile).setData(bytes(0, 10)));
        named.reply();
        named.end();
        try (Stream<Path> all = Files.walk(root)) {
            assertThat(all.map(path -> path.getFileName().toString())).noneMatch(name -> name.contains("evil"));
        }
        assertThat(root.resolveSibling("evil")).doesNotExist();
        assertThat(Path.of("/evil")).doesNotExist();
    }

    @Test
    void aWriteIsCommittedAndVisible() throws Exception {
        var digest = Bytes.digest(BODY).toString();
        var writing = write();
        writing.send(message(WriteAction.STAT).setRef("r").setTotal(BODY.length).setExpected(digest));
        var stat = writing.reply();
        assertThat(stat.getOffset()).isZero();
        assertThat(stat.getTotal()).isEqualTo(BODY.length);
        assertThat(stat.hasStartedAt()).isTrue();
        writing.send(message(WriteAction.WRITE).setData(bytes(0, 300_000)));
        assertThat(writing.reply().getOffset()).isEqualTo(300_000);
        assertThat(call(
                                ContentGrpcClient.ListStatuses,
                                ListStatusesRequest.newBuilder()
                                        .addFilters("ref==r")
                                        .build())
                        .only()
                        .getStatuses(0)
                        .getOffset())
                .isEqualTo(300_000);
        writing.send(message(WriteAction.COMMIT)
                .setOffset(300_000)
                .setData(bytes(300_000, BODY.length))
                .putLabels("k", "v"));
        var committed = writing.reply();
        assertThat(committed.getDigest()).isEqualTo(digest);
        assertThat(committed.getOffset()).isEqualTo(BODY.length);
        assertThat(writing.status()).startsWith("OK");
        assertThat(call(
                                ContentGrpcClient.Info,
                                InfoRequest.newBuilder().setDigest(digest).build())
                        .only()
                        .getInfo()
                        .getLabelsMap())
                .containsEntry("k", "v");
        assertThat(call(ContentGrpcClient.ListStatuses, ListStatusesRequest.getDefaultInstance())
                        .only()
                        .getStatusesCount())
                .isZero();
        var again = write();
        again.send(message(WriteAction.STAT).setRef("r2").setExpected(digest));
        assertThat(again.status()).isEqualTo("ALREADY_EXISTS content " + digest + ": already exists");
    }

    @Test
    void anAbandonedWriteResumesWhereItStopped() throws Exception {
        var first = write();
        first.send(message(WriteAction.WRITE).setRef("r").setData(bytes(0, 1_000)));
        first.reply();
        var second = write();
        second.send(message(WriteAction.STAT).setRef("r"));
        assertThat(second.status()).startsWith("UNAVAILABLE ref").contains("locked for");
        first.end();
        assertThat(first.status()).startsWith("OK");
        assertThat(call(
                                ContentGrpcClient.Status,
                                StatusRequest.newBuilder().setRef("r").build())
                        .only()
                        .getStatus()
                        .getOffset())
                .isEqualTo(1_000);
        var third = write();
        third.send(message(WriteAction.STAT).setRef("r"));
        var stat = third.reply();
        assertThat(stat.getOffset()).isEqualTo(1_000);
        assertThat(stat.getDigest())
                .isEqualTo(Bytes.digest(bytes(0, 1_000).toByteArray()).toString());
        third.send(message(WriteAction.WRITE).setOffset(500).setData(bytes(0, 1)));
        assertThat(third.status()).startsWith("OUT_OF_RANGE write @500 must occur at current offset 1000");
        var fourth = write();
        fourth.send(message(WriteAction.WRITE).setRef("r").setOffset(0).setData(bytes(0, 10)));
        assertThat(fourth.reply().getOffset()).isEqualTo(10);
        fourth.send(message(WriteAction.COMMIT).setOffset(10).setTotal(11));
        assertThat(fourth.status()).startsWith("FAILED_PRECONDITION \"r\" failed size validation: 10 != 11");
        var fifth = write();
        fifth.send(message(WriteAction.COMMIT)
                .setRef("r")
                .setOffset(10)
                .setExpected(Bytes.digest(BODY).toString()));
        assertThat(fifth.status()).startsWith("FAILED_PRECONDITION unexpected commit digest");
        call(ContentGrpcClient.Abort, AbortRequest.newBuilder().setRef("r").build())
                .only();
        call(ContentGrpcClient.Status, StatusRequest.newBuilder().setRef("r").build())
                .refused("NOT_FOUND", "not found");
        var sixth = write();
        sixth.send(message(WriteAction.STAT));
        assertThat(sixth.status()).startsWith("INVALID_ARGUMENT first message must have a reference");
    }

    /// containerd's `images convert` asks for it when the commit says that the blob exists.
    @Test
    void everyReplyTellsTheDigestSoFar() throws Exception {
        var writing = write();
        writing.send(message(WriteAction.WRITE).setRef("r").setData(bytes(0, 1_000)));
        assertThat(writing.reply().getDigest())
                .isEqualTo(Bytes.digest(bytes(0, 1_000).toByteArray()).toString());
        writing.send(message(WriteAction.WRITE).setOffset(1_000).setData(bytes(1_000, BODY.length)));
        assertThat(writing.reply().getDigest()).isEqualTo(Bytes.digest(BODY).toString());
        writing.send(message(WriteAction.WRITE).setData(bytes(0, 10)));
        assertThat(writing.reply().getDigest())
                .isEqualTo(Bytes.digest(bytes(0, 10).toByteArray()).toString());
    }

    @Test
    void whatAnotherNamespaceBroughtNeedsNoData() throws Exception {
        var digest = store.add("elsewhere", BODY, Map.of(), Optional.empty()).toString();
        var writing = write();
        writing.send(message(WriteAction.STAT).setRef("r").setExpected(digest).setTotal(BODY.length));
        assertThat(writing.reply().getOffset()).isEqualTo(BODY.length);
        writing.send(message(WriteAction.COMMIT).setOffset(BODY.length));
        assertThat(writing.reply().getDigest()).isEqualTo(digest);
        assertThat(writing.status()).startsWith("OK");
        call(ContentGrpcClient.Info, InfoRequest.newBuilder().setDigest(digest).build())
                .only();
    }

    @Test
    void aWriteUnderALeaseIsKeptByIt() throws Exception {
        var unknown = new Writing("nope");
        unknown.send(message(WriteAction.STAT).setRef("r"));
        assertThat(unknown.status()).startsWith("NOT_FOUND lease does not exist");
        store.cas().leases().create(NS, Optional.of("l"), Map.of());
        var writing = new Writing("l");
        writing.send(message(WriteAction.COMMIT).setRef("r").setData(bytes(0, 100)));
        var digest = Digest.parse(writing.reply().getDigest());
        assertThat(writing.status()).startsWith("OK");
        store.cas().collector().collect();
        assertThat(store.stored(digest)).isTrue();
        assertThat(call(
                                LeasesGrpcClient.ListResources,
                                ListResourcesRequest.newBuilder().setId("l").build())
                        .only()
                        .getResourcesList())
                .containsExactly(Resource.newBuilder()
                        .setType("content")
                        .setId(digest.toString())
                        .build());
        call(
                        LeasesGrpcClient.Delete,
                        DeleteRequest.newBuilder().setId("l").setSync(true).build())
                .only();
        assertThat(store.stored(digest)).isFalse();
    }

    private static Image.Builder image(String name) {
        return Image.newBuilder()
                .setName(name)
                .setTarget(Descriptor.newBuilder()
                        .setMediaType("application/vnd.oci.image.index.v1+json")
                        .setDigest(Bytes.digest(BODY).toString())
                        .setSize(5)
                        .putAnnotations("n", "1"));
    }

    @Test
    void imagesAreCreatedUpdatedListedAndDeleted() throws Exception {
        var created = call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder()
                                .setImage(image("a").putLabels("l", "1"))
                                .build())
                .only()
                .getImage();
        assertThat(created.getTarget()).isEqualTo(image("a").getTarget());
        assertThat(call(
                                ImagesGrpcClient.Get,
                                GetImageRequest.newBuilder().setName("a").build())
                        .only()
                        .getImage())
                .isEqualTo(created);
        var updated = call(
                        ImagesGrpcClient.Update,
                        UpdateImageRequest.newBuilder()
                                .setImage(image("a")
                                        .putLabels("m", "2")
                                        .setTarget(Descriptor.newBuilder().putAnnotations("o", "3")))
                                .setUpdateMask(FieldMask.newBuilder()
                                        .addPaths("labels.m")
                                        .addPaths("labels.l")
                                        .addPaths("annotations.o"))
                                .build())
                .only()
                .getImage();
        assertThat(updated.getLabelsMap()).containsExactly(Map.entry("m", "2"));
        assertThat(updated.getTarget().getAnnotationsMap())
                .containsEntry("n", "1")
                .containsEntry("o", "3");
        assertThat(updated.getCreatedAt()).isEqualTo(created.getCreatedAt());
        assertThat(call(
                                ImagesGrpcClient.List,
                                ListImagesRequest.newBuilder()
                                        .addFilters("target.mediatype~=index,annotations.o==3")
                                        .build())
                        .only()
                        .getImagesList())
                .containsExactly(updated);
        call(
                        ImagesGrpcClient.Delete,
                        DeleteImageRequest.newBuilder()
                                .setName("a")
                                .setSync(true)
                                .build())
                .only();
        assertThat(store.events)
                .containsSubsequence(NS + " /images/create", NS + " /images/update", NS + " /images/delete");
    }

    @Test
    void imagesRefuseWhatTheyMust() throws Exception {
        var create = CreateImageRequest.newBuilder().setImage(image("a")).build();
        call(ImagesGrpcClient.Create, create).only();
        call(ImagesGrpcClient.Create, create).refused("ALREADY_EXISTS", "image \"a\": already exists");
        call(ImagesGrpcClient.Get, GetImageRequest.newBuilder().setName("b").build())
                .refused("NOT_FOUND", "image \"b\": not found");
        call(
                        ImagesGrpcClient.Update,
                        UpdateImageRequest.newBuilder().setImage(image("b")).build())
                .refused("NOT_FOUND", "image \"b\": not found");
        call(
                        ImagesGrpcClient.Delete,
                        DeleteImageRequest.newBuilder().setName("b").build())
                .refused("NOT_FOUND", "image \"b\": not found");
        call(
                        ImagesGrpcClient.Delete,
                        DeleteImageRequest.newBuilder()
                                .setName("a")
                                .setTarget(Descriptor.newBuilder()
                                        .setDigest(Bytes.digest(new byte[9]).toString()))
                                .build())
                .refused("NOT_FOUND", "not found");
        call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder().setImage(image("")).build())
                .refused("INVALID_ARGUMENT", "Image.Name required");
        call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder()
                                .setImage(Image.newBuilder().setName("c"))
                                .build())
                .refused("INVALID_ARGUMENT", "Target.Digest \"\" invalid:");
        var sizeless = image("c");
        sizeless.getTargetBuilder().setSize(0);
        call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder().setImage(sizeless).build())
                .refused("INVALID_ARGUMENT", "Target.Size must be greater than zero");
        call(
                        ImagesGrpcClient.Update,
                        UpdateImageRequest.newBuilder()
                                .setImage(image("a"))
                                .setUpdateMask(FieldMask.newBuilder().addPaths("name"))
                                .build())
                .refused("INVALID_ARGUMENT", "cannot update \"name\" field");
        call(ImagesGrpcClient.Create, create, Map.of("containerd-namespace", NS, "containerd-lease", "nope"))
                .refused("ALREADY_EXISTS", "already exists");
        call(
                        ImagesGrpcClient.Create,
                        CreateImageRequest.newBuilder().setImage(image("d")).build(),
                        Map.of("containerd-namespace", NS, "containerd-lease", "nope"))
                .refused("NOT_FOUND", "lease does not exist");
    }

    @Test
    void leasesFollowTheProtocol() throws Exception {
        var random = call(LeasesGrpcClient.Create, CreateRequest.getDefaultInstance())
                .only()
                .getLease();
        assertThat(random.getId()).isNotEmpty();
        var named = CreateRequest.newBuilder().setId("l").putLabels("a", "b").build();
        call(LeasesGrpcClient.Create, named).only();
        call(LeasesGrpcClient.Create, named).refused("ALREADY_EXISTS", "already exists");
        assertThat(call(
                                LeasesGrpcClient.List,
                                ListRequest.newBuilder()
                                        .addFilters("labels.a==b")
                                        .build())
                        .only()
                        .getLeasesList())
                .hasSize(1);
        var resource = Resource.newBuilder().setType("snapshots/overlayfs").setId("k");
        call(
                        LeasesGrpcClient.AddResource,
                        AddResourceRequest.newBuilder()
                                .setId("l")
                                .setResource(resource)
                                .build())
                .only();
        call(
                        LeasesGrpcClient.AddResource,
                        AddResourceRequest.newBuilder()
                                .setId("l")
                                .setResource(Resource.newBuilder().setType("boats"))
                                .build())
                .refused("UNIMPLEMENTED", "resource type boats not supported yet");
        call(
                        LeasesGrpcClient.DeleteResource,
                        DeleteResourceRequest.newBuilder()
                                .setId("l")
                                .setResource(resource)
                                .build())
                .only();
        call(
                        LeasesGrpcClient.ListResources,
                        ListResourcesRequest.newBuilder().setId("m").build())
                .refused("NOT_FOUND", "lease \"m\": not found");
        call(LeasesGrpcClient.Delete, DeleteRequest.newBuilder().setId("m").build())
                .refused("NOT_FOUND", "lease \"m\": not found");
    }

    @Test
    void namespacesFollowTheProtocolWithoutAHeader() throws Exception {
        assertThat(call(
                                NamespacesGrpcClient.Get,
                                GetNamespaceRequest.newBuilder().setName("x").build(),
                                Map.of())
                        .only()
                        .getNamespace()
                        .getName())
                .isEqualTo("x");
        var create = CreateNamespaceRequest.newBuilder()
                .setNamespace(Namespace.newBuilder().setName("n").putLabels("a", "b"))
                .build();
        call(NamespacesGrpcClient.Create, create, Map.of()).only();
        call(NamespacesGrpcClient.Create, create, Map.of()).refused("ALREADY_EXISTS", "already exists");
        call(
                        NamespacesGrpcClient.Update,
                        UpdateNamespaceRequest.newBuilder()
                                .setNamespace(Namespace.newBuilder().setName("n"))
                                .setUpdateMask(FieldMask.newBuilder().addPaths("name"))
                                .build(),
                        Map.of())
                .refused("INVALID_ARGUMENT", "cannot update");
        call(
                        NamespacesGrpcClient.Update,
                        UpdateNamespaceRequest.newBuilder()
                                .setNamespace(
                                        Namespace.newBuilder().setName("fresh").putLabels("a", "b"))
                                .setUpdateMask(FieldMask.newBuilder().addPaths("labels.a"))
                                .build(),
                        Map.of())
                .only();
        assertThat(store.cas().namespaces().list())
                .extracting(io.slipway.cas.Namespaces.Namespace::name)
                .contains("fresh");
        store.add("n", BODY, Map.of(GcLabels.ROOT, "1"), Optional.empty());
        call(
                        NamespacesGrpcClient.Delete,
                        DeleteNamespaceRequest.newBuilder().setName("n").build(),
                        Map.of())
                .refused("FAILED_PRECONDITION", "namespace \"n\" must be empty, but it still has blobs");
        call(
                        NamespacesGrpcClient.Delete,
                        DeleteNamespaceRequest.newBuilder().setName("z").build(),
                        Map.of())
                .refused("NOT_FOUND", "not found");
    }
}
