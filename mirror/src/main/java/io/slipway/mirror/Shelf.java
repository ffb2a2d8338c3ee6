package io.slipway.mirror;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.CacheIndex;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.mirror.Outcome.ManifestBytes;
import io.slipway.puller.Upstreams;
import io.vertx.core.buffer.Buffer;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Manifests in the store, each under the repositories that have served it. Blocking; never on an event loop.
final class Shelf {

    private static final Logger LOG = LoggerFactory.getLogger(Shelf.class);

    private final BlobStore blobs;
    private final Contents contents;
    private final CacheIndex cache;
    private final Ledger ledger;
    private final InstantSource clock;

    Shelf(BlobStore blobs, Contents contents, CacheIndex cache, Ledger ledger, InstantSource clock) {
        this.blobs = blobs;
        this.contents = contents;
        this.cache = cache;
        this.ledger = ledger;
        this.clock = clock;
    }

    /// The manifest when this repository is known to have it and the store still holds it.
    Optional<ManifestBytes> take(Route.Upstream at, Digest digest) throws IOException {
        Optional<String> mediaType = ledger.mediaType(at, digest);
        if (mediaType.isEmpty()) {
            return Optional.empty();
        }
        Optional<Blob> stored = blobs.open(digest);
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        try (Blob blob = stored.get()) {
            if (blob.size() > Upstreams.MAX_MANIFEST_BYTES) {
                return Optional.empty();
            }
            contents.touch(digest);
            return Optional.of(new ManifestBytes(digest, mediaType.get(), read(blob)));
        }
    }

    /// Keeps what upstream has just served to an anonymous reader. A store that cannot take it is logged and
    /// otherwise ignored: the verified bytes are in memory, the client gets them.
    ManifestBytes put(Route.Upstream at, Upstreams.ManifestBody served) throws InterruptedException {
        Digest digest = served.descriptor().digest();
        var manifest = new ManifestBytes(digest, served.descriptor().mediaType(), Buffer.buffer(served.bytes()));
        Provenance provenance = Provenance.publicly(at.host(), at.repository());
        var request = new ArrivalRequest(
                digest,
                OptionalLong.of(served.bytes().length),
                provenance,
                "manifest of " + at.host() + "/" + at.repository());
        try (Arrival arrival = blobs.arriveWith(request, ByteBuffer.wrap(served.bytes()))) {
            if (arrival.await() instanceof Verdict.Verified) {
                cache.admit(digest, Map.of());
                contents.addProvenance(digest, provenance);
                ledger.saw(at, digest, manifest.mediaType(), clock.instant());
            }
        } catch (IOException | ApiException e) {
            LOG.atWarn()
                    .addKeyValue("digest", digest)
                    .addKeyValue("error", e.getMessage())
                    .log("a manifest could not be kept; it is served all the same");
        }
        return manifest;
    }

    private static Buffer read(Blob blob) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) blob.size());
        while (bytes.hasRemaining()) {
            if (blob.read(bytes.position(), bytes) < 0) {
                throw new EOFException(
                        blob.digest() + " ends at " + bytes.position() + " of " + blob.size() + " bytes");
            }
        }
        return Buffer.buffer(bytes.array());
    }
}
