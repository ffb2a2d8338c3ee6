package io.slipway.cas.service;

import com.google.protobuf.Empty;
import com.google.protobuf.UnsafeByteOperations;
import io.slipway.api.services.content.v1.AbortRequest;
import io.slipway.api.services.content.v1.ContentGrpcService;
import io.slipway.api.services.content.v1.DeleteContentRequest;
import io.slipway.api.services.content.v1.Info;
import io.slipway.api.services.content.v1.InfoRequest;
import io.slipway.api.services.content.v1.InfoResponse;
import io.slipway.api.services.content.v1.ListContentRequest;
import io.slipway.api.services.content.v1.ListContentResponse;
import io.slipway.api.services.content.v1.ListStatusesRequest;
import io.slipway.api.services.content.v1.ListStatusesResponse;
import io.slipway.api.services.content.v1.ReadContentRequest;
import io.slipway.api.services.content.v1.ReadContentResponse;
import io.slipway.api.services.content.v1.Status;
import io.slipway.api.services.content.v1.StatusRequest;
import io.slipway.api.services.content.v1.StatusResponse;
import io.slipway.api.services.content.v1.UpdateRequest;
import io.slipway.api.services.content.v1.UpdateResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.ContentInfo;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import java.io.IOException;
import java.nio.ByteBuffer;

/// `containerd.services.content.v1.Content` (containerd-semantics 7).
final class ContentService {

    /// One message of a body. containerd sends up to 1 MiB; a quarter of it costs no speed and less memory
    /// for each reader.
    private static final int CHUNK_BYTES = 256 << 10;

    private static final int LIST_BLOCK = 100;

    private final BlobStore blobs;
    private final Contents contents;
    private final Ingests ingests;

    ContentService(BlobStore blobs, Contents contents, Ingests ingests) {
        this.blobs = blobs;
        this.contents = contents;
        this.ingests = ingests;
    }

    void bind(GrpcServices server) {
        server.unary(ContentGrpcService.Info, this::info);
        server.unary(ContentGrpcService.Update, this::update);
        server.serverStream(ContentGrpcService.List, this::list);
        server.unary(ContentGrpcService.Delete, this::delete);
        server.serverStream(ContentGrpcService.Read, this::read);
        server.unary(ContentGrpcService.Status, this::status);
        server.unary(ContentGrpcService.ListStatuses, this::statuses);
        server.unary(ContentGrpcService.Abort, this::abort);
        server.bidi(
                ContentGrpcService.Write,
                (call, in, out) ->
                        new WriteStream(blobs, contents, ingests, call.namespace(), call.lease()).run(in, out));
    }

    private InfoResponse info(Call call, InfoRequest request) throws IOException {
        var namespace = call.namespace();
        return InfoResponse.newBuilder()
                .setInfo(message(visible(namespace, Wire.digest(request.getDigest()))))
                .build();
    }

    private UpdateResponse update(Call call, UpdateRequest request) throws IOException {
        var namespace = call.namespace();
        var sent = request.getInfo();
        var digest = Wire.digest(sent.getDigest());
        var change =
                Wire.labels(request.getUpdateMask(), sent.getLabelsMap(), "content info \"" + sent.getDigest() + "\"");
        return UpdateResponse.newBuilder()
                .setInfo(message(contents.update(namespace, digest, change)))
                .build();
    }

    private void list(Call call, ListContentRequest request, Out<ListContentResponse> out)
            throws IOException, InterruptedException {
        var block = ListContentResponse.newBuilder();
        contents.list(call.namespace(), Filter.parse(request.getFiltersList()), info -> {
            block.addInfo(message(info));
            if (block.getInfoCount() == LIST_BLOCK) {
                out.write(block.build());
                block.clear();
            }
        });
        if (block.getInfoCount() > 0) {
            out.write(block.build());
        }
    }

    private Empty delete(Call call, DeleteContentRequest request) throws IOException {
        contents.delete(call.namespace(), Wire.digest(request.getDigest()));
        return Empty.getDefaultInstance();
    }

    private void read(Call call, ReadContentRequest request, Out<ReadContentResponse> out)
            throws IOException, InterruptedException {
        var namespace = call.namespace();
        var digest = Wire.digest(request.getDigest());
        visible(namespace, digest);
        try (var blob = blobs.open(digest).orElseThrow(() -> unknown(digest))) {
            contents.touch(digest);
            long from = request.getOffset();
            if (from < 0 || from > blob.size()) {
                throw new ApiException(
                        ApiException.Code.OUT_OF_RANGE,
                        "read past object length " + blob.size() + " bytes: out of range");
            }
            long wanted = request.getSize();
            long left = blob.size() - from;
            send(blob, from, wanted > 0 && wanted < left ? wanted : left, out);
        }
    }

    /// Offsets in the answers count from the start of this read.
    private static void send(Blob blob, long from, long length, Out<ReadContentResponse> out)
            throws IOException, InterruptedException {
        long sent = 0;
        while (sent < length) {
            var chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, length - sent));
            while (chunk.hasRemaining()) {
                if (blob.read(from + sent + chunk.position(), chunk) < 0) {
                    throw new ApiException(
                            ApiException.Code.DATA_LOSS, blob.digest() + " ends before its size of " + blob.size());
                }
            }
            out.write(ReadContentResponse.newBuilder()
                    .setOffset(sent)
                    .setData(UnsafeByteOperations.unsafeWrap(chunk.flip()))
                    .build());
            sent += chunk.limit();
        }
    }

    private StatusResponse status(Call call, StatusRequest request) throws IOException {
        var status = ingests.status(call.namespace(), request.getRef())
                .orElseThrow(() -> ApiException.notFound("ingest \"" + request.getRef() + "\""));
        return StatusResponse.newBuilder().setStatus(message(status)).build();
    }

    private ListStatusesResponse statuses(Call call, ListStatusesRequest request) throws IOException {
        var response = ListStatusesResponse.newBuilder();
        ingests.list(call.namespace(), Filter.parse(request.getFiltersList()))
                .forEach(status -> response.addStatuses(message(status)));
        return response.build();
    }

    private Empty abort(Call call, AbortRequest request) throws IOException {
        ingests.abort(call.namespace(), request.getRef());
        return Empty.getDefaultInstance();
    }

    private ContentInfo visible(String namespace, Digest digest) throws IOException {
        return contents.info(namespace, digest).orElseThrow(() -> unknown(digest));
    }

    private static ApiException unknown(Digest digest) {
        return ApiException.notFound("content digest " + digest);
    }

    private static Info message(ContentInfo info) {
        return Info.newBuilder()
                .setDigest(info.digest().toString())
                .setSize(info.size())
                .setCreatedAt(Wire.timestamp(info.createdAt()))
                .setUpdatedAt(Wire.timestamp(info.updatedAt()))
                .putAllLabels(info.labels())
                .build();
    }

    private static Status message(Ingests.Status status) {
        return Status.newBuilder()
                .setRef(status.ref())
                .setOffset(status.offset())
                .setTotal(status.total())
                .setStartedAt(Wire.timestamp(status.startedAt()))
                .setUpdatedAt(Wire.timestamp(status.updatedAt()))
                .build();
    }
}
