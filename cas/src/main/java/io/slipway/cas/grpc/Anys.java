package io.slipway.cas.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.slipway.cas.ApiException;

/// `google.protobuf.Any` as containerd writes it: the type url is the bare message name. Protobuf's own pack and unpack
/// put `type.googleapis.com/` in front, which 1.6 shims refuse; reading accepts both forms.
public final class Anys {
    private Anys() {}

    /// Wraps `message` under its bare name.
    public static Any pack(Message message) {
        return Any.newBuilder()
                .setTypeUrl(message.getDescriptorForType().getFullName())
                .setValue(message.toByteString())
                .build();
    }

    /// Whether `any` holds a message of the type of `prototype`.
    public static boolean is(Any any, Message prototype) {
        return typeName(any).equals(prototype.getDescriptorForType().getFullName());
    }

    /// The message in `any`.
    ///
    /// @throws ApiException INVALID_ARGUMENT when the bytes do not parse as that type
    public static <T extends Message> T unpack(Any any, Parser<T> parser) {
        try {
            return parser.parseFrom(any.getValue());
        } catch (InvalidProtocolBufferException e) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT,
                    "malformed " + typeName(any) + " in the request: " + e.getMessage(),
                    e);
        }
    }

    /// The message name, without a host before it.
    public static String typeName(Any any) {
        String url = any.getTypeUrl();
        return url.substring(url.lastIndexOf('/') + 1);
    }
}
