package io.slipway.daemon.cli;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.time.Instant;

/// Pieces of messages. The names of types are written out here, because asking a message class for its descriptor
/// makes protobuf parse its whole file, which a command that lives for 200 ms would feel.
final class Messages {
    static final String STREAM_INIT = "containerd.services.streaming.v1.StreamInit";
    static final String OCI_REGISTRY = "containerd.types.transfer.OCIRegistry";
    static final String IMAGE_STORE = "containerd.types.transfer.ImageStore";
    static final String IMPORT_STREAM = "containerd.types.transfer.ImageImportStream";
    static final String EXPORT_STREAM = "containerd.types.transfer.ImageExportStream";
    static final String DATA = "containerd.types.transfer.Data";
    static final String WINDOW_UPDATE = "containerd.types.transfer.WindowUpdate";
    static final String PROGRESS = "containerd.types.transfer.Progress";
    static final String AUTH_REQUEST = "containerd.types.transfer.AuthRequest";
    static final String AUTH_RESPONSE = "containerd.types.transfer.AuthResponse";

    private Messages() {}

    /// `message` under its bare name, as containerd writes it.
    static Any any(String type, Message message) {
        return Any.newBuilder()
                .setTypeUrl(type)
                .setValue(message.toByteString())
                .build();
    }

    static Any any(String type, String utf8) {
        return Any.newBuilder()
                .setTypeUrl(type)
                .setValue(ByteString.copyFromUtf8(utf8))
                .build();
    }

    /// Whether `any` is of `type`, with or without a host before the name.
    static boolean is(Any any, String type) {
        String url = any.getTypeUrl();
        return url.substring(url.lastIndexOf('/') + 1).equals(type);
    }

    /// Go's zero time (year 1) and an absent timestamp both come out as no later than the epoch.
    static Instant instant(Timestamp timestamp) {
        return timestamp.getSeconds() <= 0
                ? Instant.EPOCH
                : Instant.ofEpochSecond(
                        Math.min(timestamp.getSeconds(), Instant.MAX.getEpochSecond()), timestamp.getNanos());
    }
}
