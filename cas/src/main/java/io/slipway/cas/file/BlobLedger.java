package io.slipway.cas.file;

import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import java.io.IOException;
import java.util.Set;

/// Port: who keeps the records of stored blobs.
@FunctionalInterface
public interface BlobLedger {

    /// A blob is in place, whole and durable; its records follow now. Blocks until they are durable.
    ///
    /// @param sources who let it be read from there; may be empty
    void stored(Digest digest, long size, Set<Provenance> sources) throws IOException;
}
