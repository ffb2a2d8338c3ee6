package io.slipway.cas;

import io.slipway.cas.testkit.BlobStoreContract;
import io.slipway.cas.testkit.JdkHashers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.io.TempDir;

/// The store with its metadata: every blob is written down, collected, counted.
final class CasBlobStoreTest extends BlobStoreContract {

    @TempDir
    private Path root;

    private ExecutorService bytes;
    private Cas cas;

    @SuppressWarnings("NullAway.Init")
    CasBlobStoreTest() {}

    @Override
    protected BlobStore open() throws IOException {
        bytes = Executors.newFixedThreadPool(2);
        cas = Cas.open(CasOptions.of(root, bytes, new JdkHashers()).withArrivalGrace(Duration.ofMillis(GRACE_MS)));
        return cas.blobs();
    }

    @Override
    protected void checkAfterwards() {
        cas.close();
        bytes.close();
    }
}
