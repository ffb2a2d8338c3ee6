package io.slipway.cas.testkit;

import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/// A way to a store of blobs, as narrow as the narrowest there is: a client of the daemon's API. What a [BlobStore] can
/// do beyond (following what still arrives, sharing and resuming fetches) is in [BlobStoreContract].
public interface BlobAccess extends AutoCloseable {

    /// Stores a body under the digest of the request; several may be put at once.
    Verdict put(ArrivalRequest request, byte[] body) throws IOException, InterruptedException;

    /// The bytes from `from` on, at most `length`; empty when there is no such blob.
    Optional<byte[]> read(Digest digest, long from, int length) throws IOException, InterruptedException;

    @Override
    void close() throws IOException;

    /// The store itself.
    static BlobAccess of(BlobStore store) {
        return new BlobAccess() {
            @Override
            public Verdict put(ArrivalRequest request, byte[] body) throws IOException, InterruptedException {
                try (var arrival = store.arrive(request, landing -> landing.write(0, ByteBuffer.wrap(body)))) {
                    return arrival.await();
                }
            }

            @Override
            public Optional<byte[]> read(Digest digest, long from, int length) throws IOException {
                try (var blob = store.open(digest).orElse(null)) {
                    if (blob == null) {
                        return Optional.empty();
                    }
                    var buffer = ByteBuffer.allocate(length);
                    while (buffer.hasRemaining() && blob.read(from + buffer.position(), buffer) >= 0) {
                        // until the end
                    }
                    return Optional.of(Arrays.copyOf(buffer.array(), buffer.position()));
                }
            }

            @Override
            public void close() {
                // The store is closed by whoever opened it.
            }
        };
    }
}
