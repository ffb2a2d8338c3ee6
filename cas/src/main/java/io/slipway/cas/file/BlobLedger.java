package io.slipway.cas.file;

import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import java.io.IOException;

/// Port: who keeps the records of stored blobs.
@FunctionalInterface
public interface BlobLedger {

    /// A blob is in place, whole and durable; its records follow now. Blocks until they are durable.
    void stored(Digest digest, long size, Provenance provenance) throws IOException;
}
