package io.slipway.runtime.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.StringValue;
import io.slipway.api.google.rpc.Status;
import io.slipway.api.ttrpc.Request;
import io.slipway.api.ttrpc.Response;
import io.slipway.cas.ApiException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Each end against a peer written by hand, byte by byte, that does what no well-behaved peer does.
@Timeout(30)
final class MisbehavingPeerTest {
    private static final String SERVICE = "slipway.test.Echo";

    @TempDir
    Path directory;

    /// One raw frame as it is on the wire.
    private record Raw(long length, int streamId, int type, int flags, ByteString payload) {}

    private interface Script {
        void play(DataInputStream in, DataOutputStream out) throws IOException, InterruptedException;
    }

    private static Raw read(DataInputStream in) throws IOException {
        long length = Integer.toUnsignedLong(in.readInt());
        int id = in.readInt();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        return new Raw(length, id, type, flags, ByteString.copyFrom(in.readNBytes((int) length)));
    }

    private static void write(DataOutputStream out, int id, int type, int flags, byte[] payload) throws IOException {
        out.writeInt(payload.length);
        out.writeInt(id);
        out.writeByte(type);
        out.writeByte(flags);
        out.write(payload);
        out.flush();
    }

    private static byte[] ok(String text) {
        return Response.newBuilder()
                .setPayload(StringValue.of(text).toByteString())
                .build()
                .toByteArray();
    }

    private static byte[] request(String method, String text) {
        return Request.newBuilder()
                .setService(SERVICE)
                .setMethod(method)
                .setPayload(StringValue.of(text).toByteString())
                .build()
                .toByteArray();
    }

    /// Runs `script` as the server of one connection and gives a client of ours to it.
    private TtrpcClient clientOf(Script script) throws IOException {
        Path socket = directory.resolve("peer.sock");
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> {
            try (listener;
                    SocketChannel channel = listener.accept()) {
                script.play(
                        new DataInputStream(Channels.newInputStream(channel)),
                        new DataOutputStream(Channels.newOutputStream(channel)));
            } catch (IOException | InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return TtrpcClient.connect(UnixDomainSocketAddress.of(socket), () -> {});
    }

    private static String call(TtrpcClient client, String text) throws IOException, InterruptedException {
        return client.call(SERVICE, "Echo", StringValue.of(text), StringValue.parser(), Optional.empty(), Map.of())
                .getValue();
    }

    @Test
    void theClientSkipsWhatIsNotForIt() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            Raw first = read(in);
            assertThat(first.streamId()).isEqualTo(1);
            assertThat(first.type()).isEqualTo(Frame.REQUEST);
            assertThat(first.flags()).isZero();
            write(out, 77, Frame.RESPONSE, 0, ok("nobody asked")); // a stream never opened
            write(out, 1, 9, 0, new byte[5]); // a type nobody defined
            write(out, 1, Frame.RESPONSE, 0, ok("first"));
            write(out, 1, Frame.RESPONSE, 0, ok("again")); // answered twice
            Raw second = read(in);
            assertThat(second.streamId()).isEqualTo(3);
            write(out, 3, Frame.RESPONSE, 0, new byte[0]); // OK and empty
            read(in);
        })) {
            assertThat(call(client, "a")).isEqualTo("first");
            assertThat(call(client, "b")).isEmpty();
        }
    }

    @Test
    void answersMayComeInAnyOrder() throws Exception {
        CountDownLatch bothAsked = new CountDownLatch(1);
        try (TtrpcClient client = clientOf((in, out) -> {
            Raw first = read(in);
            bothAsked.countDown();
            Raw second = read(in);
            write(out, second.streamId(), Frame.RESPONSE, 0, ok("second"));
            write(out, first.streamId(), Frame.RESPONSE, 0, ok("first"));
            read(in);
        })) {
            Thread.ofVirtual().start(() -> {
                try {
                    call(client, "1");
                } catch (IOException | InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            bothAsked.await();
            assertThat(call(client, "2")).isEqualTo("second");
        }
    }

    @Test
    void anAnswerThatAnnouncesTooMuchIsReadPast() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            Raw first = read(in);
            write(out, first.streamId(), Frame.RESPONSE, 0, new byte[Frame.PAYLOAD_BYTES_MAX + 1]);
            Raw second = read(in);
            write(out, second.streamId(), Frame.RESPONSE, 0, ok("in step"));
            read(in);
        })) {
            assertThatThrownBy(() -> call(client, "a"))
                    .isInstanceOf(TtrpcException.class)
                    .hasMessage("message length 4194305 exceed maximum message size of 4194304");
            assertThat(call(client, "b")).isEqualTo("in step");
        }
    }

    @Test
    void streamDataInAnswerToAUnaryCallFailsIt() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            write(out, read(in).streamId(), Frame.DATA, 0, new byte[3]);
            read(in);
        })) {
            assertThatThrownBy(() -> call(client, "a"))
                    .isInstanceOfSatisfying(
                            TtrpcException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.INTERNAL));
        }
    }

    @Test
    void garbageInsteadOfAnEnvelopeFailsTheCall() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            write(out, read(in).streamId(), Frame.RESPONSE, 0, new byte[] {(byte) 0xFF, 1, 2});
            read(in);
        })) {
            assertThatThrownBy(() -> call(client, "a")).isInstanceOf(TtrpcException.class);
        }
    }

    @Test
    void aStatusCodeNobodyDefinedIsUnknown() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            byte[] odd = Response.newBuilder()
                    .setStatus(Status.newBuilder().setCode(4711).setMessage("odd"))
                    .build()
                    .toByteArray();
            write(out, read(in).streamId(), Frame.RESPONSE, 0, odd);
            read(in);
        })) {
            assertThatThrownBy(() -> call(client, "a"))
                    .isInstanceOfSatisfying(
                            TtrpcException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.UNKNOWN));
        }
    }

    @Test
    void aPeerThatDiesWithinAFrameEndsTheCalls() throws Exception {
        try (TtrpcClient client = clientOf((in, out) -> {
            read(in);
            out.writeInt(100);
            out.flush();
        })) {
            assertThatThrownBy(() -> call(client, "a")).isInstanceOf(TtrpcClosedException.class);
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void aPeerThatReadsNothingCostsTheCallersTheirTimeOnly() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (TtrpcClient client = clientOf((_, _) -> over.await())) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> client.call(
                                SERVICE,
                                "Echo",
                                StringValue.of("x".repeat(1 << 20)),
                                Empty.parser(),
                                Optional.of(Duration.ofMillis(30)),
                                Map.of()))
                        .isInstanceOfSatisfying(
                                TtrpcException.class,
                                e -> assertThat(e.code()).isEqualTo(ApiException.Code.DEADLINE_EXCEEDED));
            }
        } finally {
            over.countDown();
        }
    }

    @Test
    void theServerAnswersEachBreachOfTheRulesOnItsStream() throws Exception {
        TtrpcService echo = TtrpcService.named(SERVICE)
                .method("Echo", StringValue.parser(), (_, request) -> request)
                .build();
        Path socket = directory.resolve("ours.sock");
        try (TtrpcServer server = TtrpcServer.listen(socket, List.of(echo));
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(server.socket()))) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));

            write(out, 2, Frame.REQUEST, 0, request("Echo", "even"));
            assertStatus(read(in), 2, 3, "StreamID must be odd for client initiated streams");
            write(out, 5, Frame.REQUEST, 0, request("Echo", "five"));
            assertThat(text(read(in))).isEqualTo("five");
            write(out, 5, Frame.REQUEST, 0, request("Echo", "again"));
            assertStatus(read(in), 5, 3, "StreamID cannot be re-used and must increment");
            write(out, 3, Frame.REQUEST, 0, request("Echo", "back"));
            assertStatus(read(in), 3, 3, "StreamID cannot be re-used and must increment");
            write(out, 5, Frame.DATA, 0, new byte[1]);
            assertStatus(read(in), 5, 3, "StreamID is no longer active");
            write(out, 7, Frame.REQUEST, 0, new byte[] {(byte) 0xFF});
            Raw garbage = read(in);
            assertThat(status(garbage).getMessage()).startsWith("unmarshal request error: ");
            write(out, 9, 42, 0, new byte[10]); // skipped
            write(out, 9, Frame.REQUEST, 0, new byte[Frame.PAYLOAD_BYTES_MAX + 7]);
            assertStatus(read(in), 9, 8, "message length 4194311 exceed maximum message size of 4194304");
            write(out, 11, Frame.REQUEST, 1, request("Echo", "flags of a stream"));
            assertThat(text(read(in))).isEqualTo("flags of a stream");
            write(out, -1, Frame.REQUEST, 0, request("Echo", "the last id there is"));
            assertThat(text(read(in))).isEqualTo("the last id there is");
        }
    }

    private static Status status(Raw answer) throws IOException {
        assertThat(answer.type()).isEqualTo(Frame.RESPONSE);
        assertThat(answer.flags()).isZero();
        return Response.parseFrom(answer.payload()).getStatus();
    }

    private static void assertStatus(Raw answer, int streamId, int code, String text) throws IOException {
        assertThat(answer.streamId()).isEqualTo(streamId);
        assertThat(status(answer).getCode()).isEqualTo(code);
        assertThat(status(answer).getMessage()).isEqualTo(text);
    }

    private static String text(Raw answer) throws IOException {
        assertThat(status(answer).getCode()).isZero();
        ByteString payload = Response.parseFrom(answer.payload()).getPayload();
        return StringValue.parseFrom(payload).getValue();
    }
}
