package io.slipway.daemon.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import io.slipway.api.services.content.v1.ContentGrpcClient;
import io.slipway.api.services.content.v1.Info;
import io.slipway.api.services.content.v1.UpdateRequest;
import io.slipway.api.services.content.v1.WriteAction;
import io.slipway.api.services.content.v1.WriteContentRequest;
import io.slipway.api.services.content.v1.WriteContentResponse;
import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import io.vertx.grpc.common.GrpcStatus;
import java.util.Map;

/// Puts small documents into the store through the Content service.
final class ContentWriter {
    private final Connection connection;

    ContentWriter(Connection connection) {
        this.connection = connection;
    }

    /// Writes it in one message; one that is there already gets the labels.
    Digest write(String what, byte[] document, Map<String, String> labels)
            throws CallFailed, CommandFailed, InterruptedException {
        Digest digest = Hash.of(Algorithm.SHA256, document);
        WriteContentRequest request = WriteContentRequest.newBuilder()
                .setAction(WriteAction.COMMIT)
                .setRef(what + "-" + digest)
                .setTotal(document.length)
                .setExpected(digest.toString())
                .setData(ByteString.copyFrom(document))
                .putAllLabels(labels)
                .build();
        try (Exchange<WriteContentRequest, WriteContentResponse> stream = connection.open(ContentGrpcClient.Write)) {
            stream.sendLast(request);
            while (stream.next().isPresent()) {}
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.ALREADY_EXISTS) {
                throw e;
            }
            label(digest.toString(), labels);
        }
        return digest;
    }

    /// Adds labels to a blob.
    void label(String digest, Map<String, String> labels) throws CallFailed, CommandFailed, InterruptedException {
        FieldMask.Builder mask = FieldMask.newBuilder();
        labels.keySet().forEach(key -> mask.addPaths("labels." + key));
        var _ = connection.call(
                ContentGrpcClient.Update,
                UpdateRequest.newBuilder()
                        .setInfo(Info.newBuilder().setDigest(digest).putAllLabels(labels))
                        .setUpdateMask(mask)
                        .build());
    }
}
