package io.slipway.runtime.shim;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/// Where a shim serves its tasks, and in which version: what the `start` action printed.
///
/// @param version 2 (`containerd.task.v2.Task`) or 3 (`containerd.task.v3.Task`, the same messages)
/// @param address `unix://` and a path
/// @param protocol `ttrpc`
public record ShimAddress(int version, String address, String protocol) {
    private static final String UNIX = "unix://";
    private static final int VERSION_MIN = 2;
    private static final int VERSION_MAX = 3;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// Checks that it is one we can talk to.
    ///
    /// @throws ApiException UNIMPLEMENTED for a version, protocol or kind of socket that is not served here;
    ///     UNKNOWN for no address at all
    public ShimAddress {
        if (version < VERSION_MIN || version > VERSION_MAX) {
            throw ApiException.unimplemented("unsupported shim version (" + version + ")");
        }
        if (address.isEmpty()) {
            throw new ApiException(ApiException.Code.UNKNOWN, "the shim printed no address");
        }
        if (!protocol.equals("ttrpc")) {
            throw ApiException.unimplemented("shim protocol \"" + protocol + "\"");
        }
        if (!address.startsWith(UNIX)) {
            throw ApiException.unimplemented("shim address \"" + address + "\" (only unix:// paths are served)");
        }
    }

    /// Reads the answer of `start`, in any of the three forms that shims of different ages print: protobuf, JSON,
    /// the
    /// bare address.
    public static ShimAddress parse(byte[] answer) {
        Optional<ShimAddress> protobuf = parseProtobuf(answer);
        if (protobuf.isPresent()) {
            return protobuf.get();
        }
        String text = new String(answer, StandardCharsets.UTF_8).strip();
        if (text.startsWith("{")) {
            return parseJson(text);
        }
        return new ShimAddress(VERSION_MIN, text, "ttrpc");
    }

    /// `containerd.runtime.bootstrap.v1.BootstrapResult`: version = 1, address = 2, protocol = 3, others skipped.
    /// Text
    /// is told from it by its first byte, which would be a field number that message does not have.
    private static Optional<ShimAddress> parseProtobuf(byte[] answer) {
        int version = 0;
        String address = "";
        String protocol = "";
        try {
            CodedInputStream in = CodedInputStream.newInstance(answer);
            int tag;
            while ((tag = in.readTag()) != 0) {
                switch (WireFormat.getTagFieldNumber(tag)) {
                    case 1 -> version = in.readUInt32();
                    case 2 -> address = in.readString();
                    case 3 -> protocol = in.readString();
                    case 4, 5 -> in.skipField(tag);
                    default -> {
                        return Optional.empty();
                    }
                }
            }
        } catch (IOException e) {
            return Optional.empty();
        }
        return version == 0 || address.isEmpty()
                ? Optional.empty()
                : Optional.of(new ShimAddress(version, address, protocol.isEmpty() ? "ttrpc" : protocol));
    }

    private static ShimAddress parseJson(String text) {
        try {
            JsonNode json = JSON.readTree(text);
            return new ShimAddress(
                    json.path("version").asInt(),
                    json.path("address").asText(),
                    json.path("protocol").asText("ttrpc"));
        } catch (JsonProcessingException e) {
            throw new ApiException(
                    ApiException.Code.UNKNOWN, "the shim's answer is neither an address nor JSON: " + text, e);
        }
    }

    /// As kept in `bootstrap.json`.
    String toJson() {
        return JSON.createObjectNode()
                .put("version", version)
                .put("address", address)
                .put("protocol", protocol)
                .toString();
    }

    /// The same shim, spoken to in version 2.
    ShimAddress asVersion2() {
        return new ShimAddress(VERSION_MIN, address, protocol);
    }

    /// The socket.
    public Path socket() {
        return Path.of(address.substring(UNIX.length()));
    }

    UnixDomainSocketAddress socketAddress() {
        return UnixDomainSocketAddress.of(socket());
    }

    /// The service name of tasks in this version.
    String taskService() {
        return "containerd.task.v" + version + ".Task";
    }
}
