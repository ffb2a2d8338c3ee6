package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The file of one ingest by ref: written front to back by one thread at a time, hashed on the bytes
/// pool as it grows.
public final class RefFile implements AutoCloseable {

    private final Workshop shop;
    private final Path part;
    private final PositionalFile file;
    private long size;
    private @Nullable HashFront front;

    private RefFile(Workshop shop, Path part, PositionalFile file, long size) {
        this.shop = shop;
        this.part = part;
        this.file = file;
        this.size = size;
    }

    static RefFile open(Workshop shop, Path part) throws IOException {
        var file = shop.disk().openForWriting(part);
        try {
            return new RefFile(shop, part, file, file.size());
        } catch (IOException e) {
            file.close();
            throw Disk.refused("look at", part, e);
        }
    }

    public long size() {
        return size;
    }

    public void append(ByteBuffer data) throws IOException {
        int count = data.remaining();
        shop.disk().write(file, size, data);
        size += count;
        front().advance(size);
    }

    public void truncate() throws IOException {
        dropHash();
        shop.disk().truncate(file, 0);
        size = 0;
    }

    /// Digest of the bytes so far, from the hash that follows the writes; another algorithm reads all of them again.
    public Digest digest(Algorithm algorithm) throws IOException {
        if (algorithm == Algorithm.SHA256) {
            return Digest.of(algorithm, front().soFar(size));
        }
        try (var fresh = hash(algorithm)) {
            return Digest.of(algorithm, fresh.finish(size));
        }
    }

    /// Makes the file the blob of that digest, which it has been found to have.
    public void publish(Digest digest) throws IOException {
        Publication.publish(shop, part, digest);
        shop.ledger().stored(digest, size, Set.of());
    }

    /// Deletes the file.
    public void drop() throws IOException {
        shop.disk().delete(part);
    }

    @Override
    public void close() {
        dropHash();
        file.close();
    }

    private HashFront front() {
        var following = front;
        if (following == null) {
            following = hash(Algorithm.SHA256);
            front = following;
        }
        return following;
    }

    private HashFront hash(Algorithm algorithm) {
        return new HashFront(shop.bytes(), shop.buffers(), shop.hashers().open(algorithm.id()), file);
    }

    private void dropHash() {
        if (front != null) {
            front.close();
            front = null;
        }
    }
}
