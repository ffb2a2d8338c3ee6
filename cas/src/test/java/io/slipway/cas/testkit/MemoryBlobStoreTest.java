package io.slipway.cas.testkit;

import io.slipway.cas.BlobStore;
import java.time.Duration;

/// The fake keeps the contract, too.
final class MemoryBlobStoreTest extends BlobStoreContract {

    @Override
    protected BlobStore open() {
        return new MemoryBlobStore(Duration.ofMillis(GRACE_MS));
    }
}
