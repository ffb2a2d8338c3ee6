package io.slipway.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.slipway.cas.ApiException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ShimAddressTest {
    private static final String SOCKET = "unix:///run/containerd/s/0123";

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bootstrapResult(int version, String address, String protocol) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeUInt32(1, version);
        out.writeString(2, address);
        out.writeString(3, protocol);
        out.writeString(4, "a capability");
        out.flush();
        return bytes.toByteArray();
    }

    @Test
    void theBareAddressOfOldShimsIsVersion2() {
        ShimAddress address = ShimAddress.parse(text(SOCKET));
        assertThat(address).isEqualTo(new ShimAddress(2, SOCKET, "ttrpc"));
        assertThat(address.socket()).isEqualTo(Path.of("/run/containerd/s/0123"));
        assertThat(address.taskService()).isEqualTo("containerd.task.v2.Task");
        assertThat(ShimAddress.parse(text("  " + SOCKET + "\n"))).isEqualTo(address);
    }

    @Test
    void jsonSaysVersionAndProtocol() {
        assertThat(ShimAddress.parse(text("{\"version\":3,\"address\":\"" + SOCKET + "\",\"protocol\":\"ttrpc\"}\n")))
                .isEqualTo(new ShimAddress(3, SOCKET, "ttrpc"));
    }

    @Test
    void protobufSaysTheSame() throws Exception {
        assertThat(ShimAddress.parse(bootstrapResult(3, SOCKET, "ttrpc")))
                .isEqualTo(new ShimAddress(3, SOCKET, "ttrpc"));
    }

    @Test
    void whatIsKeptIsReadBack() {
        ShimAddress address = new ShimAddress(3, SOCKET, "ttrpc");
        assertThat(ShimAddress.parse(text(address.toJson()))).isEqualTo(address);
    }

    @Test
    void aVersionOfTheFutureIsUnimplemented() throws Exception {
        byte[] answer = bootstrapResult(4, SOCKET, "ttrpc");
        assertThatThrownBy(() -> ShimAddress.parse(answer))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.UNIMPLEMENTED));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \n",
                "abstract-name",
                "vsock://3:1024",
                "{\"version\":2,\"address\":\"unix:///a\",\"protocol\":\"grpc\"}",
                "{\"version\":2}",
                "{not json"
            })
    void anAnswerThatCannotBeUsedIsAnError(String answer) {
        assertThatThrownBy(() -> ShimAddress.parse(text(answer))).isInstanceOf(ApiException.class);
    }
}
