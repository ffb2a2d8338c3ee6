package io.slipway.cas.meta;

import io.slipway.cas.Algorithm;
import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.cas.file.RefFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One open ingest by ref.
final class RefIngest implements Ingests.Ingest {

    private final RefIngests owner;
    private final RefIngests.Key key;
    private final Optional<String> lease;
    private final Instant openedAt;

    private volatile @Nullable RefFile file;
    private volatile Ingests.Status status;
    private volatile boolean aborted;
    private boolean gone;
    private boolean closed;

    RefIngest(RefIngests owner, RefIngests.Key key, Optional<String> lease, Instant openedAt) {
        this.owner = owner;
        this.key = key;
        this.lease = lease;
        this.openedAt = openedAt;
        this.status = new Ingests.Status(key.ref(), 0, 0, openedAt, openedAt);
    }

    void begin(RefFile opened, Instant startedAt) {
        status = new Ingests.Status(key.ref(), opened.size(), 0, startedAt, openedAt);
        file = opened;
    }

    boolean begun() {
        return file != null;
    }

    Instant openedAt() {
        return openedAt;
    }

    void markAborted() {
        aborted = true;
    }

    @Override
    public Ingests.Status status() {
        return status;
    }

    @Override
    public void total(long total) {
        status = new Ingests.Status(key.ref(), status.offset(), total, status.startedAt(), status.updatedAt());
    }

    @Override
    public void write(ByteBuffer data) throws IOException {
        usable().append(data);
        moved();
    }

    @Override
    public void truncate() throws IOException {
        usable().truncate();
        moved();
    }

    @Override
    public Digest digest() throws IOException {
        return usable().digest(Algorithm.SHA256);
    }

    @Override
    public Digest commit(long size, Optional<Digest> expected, Map<String, String> labels) throws IOException {
        var bytes = usable();
        if (size > 0 && size != bytes.size()) {
            throw ApiException.failedPrecondition(
                    "\"" + key.ref() + "\" failed size validation: " + bytes.size() + " != " + size);
        }
        var digest = bytes.digest(expected.map(Digest::algorithm).orElse(Algorithm.SHA256));
        if (expected.isPresent() && !expected.get().equals(digest)) {
            throw ApiException.failedPrecondition(
                    "unexpected commit digest " + digest + ", expected " + expected.get());
        }
        if (owner.visible(key.namespace(), digest)) {
            // The caller's lease covers what the call found, too.
            owner.contents().link(key.namespace(), digest, Map.of(), lease);
            abort();
            throw ApiException.alreadyExists("content " + digest);
        }
        Labels.check(labels);
        try (var _ = owner.store().hold(digest)) {
            if (owner.stored(digest)) {
                bytes.drop();
            } else {
                bytes.publish(digest);
            }
            owner.contents().link(key.namespace(), digest, labels, lease);
        }
        gone = true;
        owner.drop(key);
        return digest;
    }

    @Override
    public void abort() throws IOException {
        var bytes = usable();
        gone = true;
        owner.drop(key);
        bytes.drop();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        var bytes = file;
        if (bytes != null) {
            bytes.close();
        }
        owner.ended(key, this, !gone && !aborted);
    }

    private void moved() {
        var bytes = usable();
        status = new Ingests.Status(key.ref(), bytes.size(), status.total(), status.startedAt(), owner.now());
    }

    private RefFile usable() {
        var bytes = file;
        if (bytes == null || closed || gone) {
            throw new IllegalStateException("the ingest " + key.ref() + " is closed");
        }
        if (aborted) {
            throw ApiException.notFound("ingest \"" + key.ref() + "\"");
        }
        return bytes;
    }
}
