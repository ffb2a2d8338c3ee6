package io.slipway.cas.service;

import io.slipway.api.services.content.v1.WriteAction;
import io.slipway.api.services.content.v1.WriteContentRequest;
import io.slipway.api.services.content.v1.WriteContentResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.cas.grpc.In;
import io.slipway.cas.grpc.Out;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/// One stream of Content.Write (containerd-semantics 7, "Write"): it has the lock on its ref for its life.
///
/// A blob that is stored already, but not visible in this namespace, need not be sent again where the policy lets
/// the namespace take it: the stream then stands at its end and a commit only links it. That ends when the client
/// starts over at offset 0.
///
/// Every reply tells the digest of the bytes so far: clients keep the last one, and ask it what they have
/// written when a commit finds that it exists already.
final class WriteStream {

    private final BlobStore blobs;
    private final Contents contents;
    private final Ingests ingests;
    private final String namespace;
    private final Optional<String> lease;

    private Optional<Digest> expected = Optional.empty();
    private long total;
    private Optional<Existing> existing = Optional.empty();

    /// A stored blob that stands in for the bytes of this stream.
    private record Existing(Digest digest, long size) {}

    WriteStream(BlobStore blobs, Contents contents, Ingests ingests, String namespace, Optional<String> lease) {
        this.blobs = blobs;
        this.contents = contents;
        this.ingests = ingests;
        this.namespace = namespace;
        this.lease = lease;
    }

    void run(In<WriteContentRequest> in, Out<WriteContentResponse> out) throws IOException, InterruptedException {
        var first = in.next();
        if (first.isEmpty()) {
            return;
        }
        if (first.get().getRef().isEmpty()) {
            throw ApiException.invalid("first message must have a reference");
        }
        expect(first.get());
        refuseVisible();
        try (var ingest = ingests.open(namespace, first.get().getRef(), lease)) {
            existing = ingest.status().offset() == 0 ? findStored() : Optional.empty();
            var next = first;
            while (next.isPresent()) {
                ingest.total(total);
                out.write(handle(ingest, next.get()));
                if (next.get().getAction() == WriteAction.COMMIT) {
                    return;
                }
                next = in.next();
                if (next.isPresent()) {
                    expect(next.get());
                    refuseVisibleFor(ingest);
                }
            }
        }
    }

    private void expect(WriteContentRequest message) {
        if (message.getTotal() > 0) {
            total = message.getTotal();
        }
        if (!message.getExpected().isEmpty()) {
            expected = Optional.of(Wire.digest(message.getExpected()));
        }
    }

    /// What the namespace sees already is not written again, but goes under the caller's lease.
    private void refuseVisible() throws IOException {
        if (expected.isPresent() && contents.info(namespace, expected.get()).isPresent()) {
            contents.link(namespace, expected.get(), Map.of(), lease);
            throw ApiException.alreadyExists("content " + expected.get());
        }
    }

    private void refuseVisibleFor(Ingests.Ingest ingest) throws IOException {
        try {
            refuseVisible();
        } catch (ApiException visible) {
            ingest.abort();
            throw visible;
        }
    }

    private Optional<Existing> findStored() throws IOException {
        if (expected.isEmpty() || !contents.isOpenTo(namespace, expected.get())) {
            return Optional.empty();
        }
        var stored = blobs.open(expected.get());
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        try (var blob = stored.get()) {
            return total == 0 || total == blob.size()
                    ? Optional.of(new Existing(blob.digest(), blob.size()))
                    : Optional.empty();
        }
    }

    private long offset(Ingests.Ingest ingest) {
        return existing.map(Existing::size).orElse(ingest.status().offset());
    }

    private WriteContentResponse handle(Ingests.Ingest ingest, WriteContentRequest message) throws IOException {
        return switch (message.getAction()) {
            case STAT -> stat(ingest, message);
            case WRITE -> {
                write(ingest, message);
                yield reply(ingest, message)
                        .setDigest(digest(ingest).toString())
                        .build();
            }
            case COMMIT -> {
                write(ingest, message);
                long end = offset(ingest);
                var digest = commit(ingest, message);
                yield reply(ingest, message)
                        .setOffset(end)
                        .setDigest(digest.toString())
                        .build();
            }
            case UNRECOGNIZED -> throw ApiException.invalid("unknown write action " + message.getActionValue());
        };
    }

    private Digest digest(Ingests.Ingest ingest) throws IOException {
        return existing.isPresent() ? existing.get().digest() : ingest.digest();
    }

    private WriteContentResponse stat(Ingests.Ingest ingest, WriteContentRequest message) throws IOException {
        var status = ingest.status();
        return reply(ingest, message)
                .setStartedAt(Wire.timestamp(status.startedAt()))
                .setUpdatedAt(Wire.timestamp(status.updatedAt()))
                .setTotal(total)
                .setDigest(digest(ingest).toString())
                .build();
    }

    private WriteContentResponse.Builder reply(Ingests.Ingest ingest, WriteContentRequest message) {
        return WriteContentResponse.newBuilder().setAction(message.getAction()).setOffset(offset(ingest));
    }

    private void write(Ingests.Ingest ingest, WriteContentRequest message) throws IOException {
        long at = offset(ingest);
        if (message.getOffset() > 0 && message.getOffset() != at) {
            throw new ApiException(
                    ApiException.Code.OUT_OF_RANGE,
                    "write @" + message.getOffset() + " must occur at current offset " + at + ": out of range");
        }
        if (message.getOffset() == 0 && at > 0) {
            existing = Optional.empty();
            ingest.truncate();
        }
        if (!message.getData().isEmpty()) {
            if (existing.isPresent()) {
                throw new ApiException(
                        ApiException.Code.OUT_OF_RANGE,
                        "write @" + message.getOffset() + " is past the end of "
                                + existing.get().digest() + ": out of range");
            }
            for (var part : message.getData().asReadOnlyByteBufferList()) {
                ingest.write(part);
            }
        }
    }

    private Digest commit(Ingests.Ingest ingest, WriteContentRequest message) throws IOException {
        if (existing.isEmpty()) {
            return ingest.commit(total, expected, message.getLabelsMap());
        }
        var stored = existing.get();
        if (expected.isPresent() && !expected.get().equals(stored.digest())) {
            throw ApiException.failedPrecondition(
                    "unexpected commit digest " + stored.digest() + ", expected " + expected.get());
        }
        if (total > 0 && total != stored.size()) {
            throw ApiException.failedPrecondition(
                    "\"" + ingest.status().ref() + "\" failed size validation: " + stored.size() + " != " + total);
        }
        contents.link(namespace, stored.digest(), message.getLabelsMap(), lease);
        ingest.abort();
        return stored.digest();
    }
}
