package io.slipway.daemon.lab;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The one call of the Kubernetes CRI that matters here, ImageService.PullImage (runtime.v1), encoded by hand: request
/// `image`=1 {`image`=1}, response `image_ref`=1.
public final class CriImages implements AutoCloseable {
    private static final ServiceMethod<Buffer, Buffer> PULL = ServiceMethod.client(
            ServiceName.create("runtime.v1", "ImageService"),
            "PullImage",
            GrpcMessageEncoder.IDENTITY,
            GrpcMessageDecoder.IDENTITY);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final GrpcClient client = GrpcClient.client(vertx);
    private final SocketAddress socket;

    /// Calls the CRI of the containerd behind `socket`.
    public CriImages(Path socket) {
        this.socket = SocketAddress.domainSocketAddress(socket.toString());
    }

    /// Pulls `reference`.
    ///
    /// @return the image reference that the kubelet would get
    public String pull(String reference) throws Exception {
        byte[] spec = message(ByteString.copyFromUtf8(reference));
        Buffer request = Buffer.buffer(message(ByteString.copyFrom(spec)));
        Buffer answer = client.request(socket, PULL)
                .compose(call -> call.send(request)
                        .compose(response -> response.last()
                                .recover(cause -> Future.failedFuture(
                                        response.status() == null || response.status() == GrpcStatus.OK
                                                ? cause
                                                : new IOException(
                                                        response.status().name() + ": " + response.statusMessage())))))
                .toCompletionStage()
                .toCompletableFuture()
                .get(2 * LabProcess.LIMIT_S, TimeUnit.SECONDS);
        CodedInputStream in = CodedInputStream.newInstance(answer.getBytes());
        in.readTag();
        return in.readString();
    }

    private static byte[] message(ByteString fieldOne) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeTag(1, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeBytesNoTag(fieldOne);
        out.flush();
        return bytes.toByteArray();
    }

    @Override
    public void close() throws IOException {
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(LabProcess.LIMIT_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the client does not close", e);
        }
    }
}
