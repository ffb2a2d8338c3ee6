package io.slipway.snapshotter.layer;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.slipway.cas.Descriptor;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// What ocicrypt's decoders must be told and nobody but the unpacker knows: the layer's descriptor, whose annotations
/// hold the wrapped keys. The private keys are the node's, named in the decoder's arguments, as with containerd's CRI
/// and key model "node". (github.com/containerd/imgcrypt, payload.go)
final class OcicryptPayload {
    private static final String DECODERS = "io.containerd.ocicrypt.decoder.v1.";
    private static final String TYPE = "io.containerd.ocicrypt.v1.Payload";

    private OcicryptPayload() {}

    static boolean isFor(String processor) {
        return processor.startsWith(DECODERS);
    }

    static byte[] of(Descriptor layer) {
        JsonObject descriptor = new JsonObject()
                .put("mediaType", layer.mediaType())
                .put("digest", layer.digest().toString())
                .put("size", layer.size())
                .put("annotations", new JsonObject(Map.copyOf(layer.annotations())));
        JsonObject payload = new JsonObject()
                .put("DecryptConfig", new JsonObject().put("Parameters", new JsonObject()))
                .put("Descriptor", descriptor);
        return Any.newBuilder()
                .setTypeUrl(TYPE)
                .setValue(ByteString.copyFrom(payload.encode(), StandardCharsets.UTF_8))
                .build()
                .toByteArray();
    }
}
