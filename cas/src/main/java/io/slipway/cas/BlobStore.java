package io.slipway.cas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;

/// The one copy of every blob, named by digest, whatever the namespace.
///
/// A blob is either *absent*, *arriving* (one fetch per origin brings it, whoever asks for it from
/// there joins that fetch) or *stored* (whole, verified, durable, never changed again). Only *stored*
/// blobs can be opened; an arriving one can be followed through its [Arrival]. Who may see a stored
/// blob is a matter of [Contents] (namespaces) and its provenance.
///
/// Everything here blocks on the disk: call it from virtual threads or bounded platform pools, never
/// from an event loop.
public interface BlobStore extends AutoCloseable {

    /// The stored blob, open; empty when it is absent or still arriving. The caller closes it.
    Optional<Blob> open(Digest digest) throws IOException;

    /// Joins the running fetch of this digest from the request's origin; or starts `fetch` (on a
    /// virtual thread owned by the store, resuming what an earlier fetch from there left); or, when the
    /// blob is stored, returns a finished Arrival. The caller closes the handle.
    ///
    /// A joiner's `fetch` is run when those before it fail. Only provenances whose fetch brought bytes
    /// are recorded with the blob: any other joiner has not shown that *its* source holds them, it says
    /// so with [Contents#addProvenance] once it has checked.
    ///
    /// As long as the handle is open the blob is not collected: link it into a namespace before closing.
    Arrival arrive(ArrivalRequest request, Fetch fetch) throws IOException;

    /// Stores a small body that is already in memory (a manifest, a config): an arrival whose fetch is
    /// one write. Returns its verdict after closing the handle; use [#arrive] when the handle is needed
    /// until a link is made.
    default Verdict put(ArrivalRequest request, ByteBuffer body) throws IOException, InterruptedException {
        try (var arrival = arriveWith(request, body)) {
            return arrival.await();
        }
    }

    /// [#arrive] with a body that is already in memory; the buffer must not change until the verdict.
    default Arrival arriveWith(ArrivalRequest request, ByteBuffer body) throws IOException {
        var exact = new ArrivalRequest(
                request.digest(),
                OptionalLong.of(body.remaining()),
                request.provenance(),
                request.origin(),
                request.why());
        return arrive(exact, landing -> landing.write(0, body.duplicate()));
    }

    @Override
    void close();
}
