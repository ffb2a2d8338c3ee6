package io.slipway.cas.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.BlobStore;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Landing;
import io.slipway.cas.StoreException;
import io.slipway.cas.Verdict;
import io.slipway.cas.testkit.BlobStoreContract;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.JdkHashers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileBlobStoreTest extends BlobStoreContract {

    @SuppressWarnings("NullAway.Init")
    private static ExecutorService bytes;

    @SuppressWarnings("NullAway.Init")
    @TempDir
    private Path root;

    @BeforeAll
    static void startPool() {
        bytes = Executors.newFixedThreadPool(2);
    }

    @AfterAll
    static void stopPool() {
        bytes.close();
    }

    @Override
    protected BlobStore open() throws IOException {
        var options = CasOptions.of(root, bytes, new JdkHashers()).withArrivalGrace(Duration.ofMillis(GRACE_MS));
        FileBlobStore.prepare(options);
        return FileBlobStore.open(options, (_, _, _) -> {});
    }

    @Test
    void whatCannotFitIsRefusedBeforeItFillsTheDisk() throws Exception {
        var body = Bytes.random(1, 1_000);
        try (var arrival = store().arrive(Bytes.requestWithoutSize(body), landing -> {
            landing.size(Landing.MAX_SIZE_BYTES);
            landing.write(0, ByteBuffer.wrap(body));
        })) {
            assertThat(arrival.await())
                    .isInstanceOfSatisfying(
                            Verdict.Failed.class,
                            failed -> assertThat(failed.cause())
                                    .isInstanceOf(StoreException.class)
                                    .hasMessageContaining("are free in"));
        }
        assertThat(StoreSetup.list(new ContentLayout(root.resolve("content")).ingests()))
                .isEmpty();
    }

    @Override
    protected void checkAfterwards() throws IOException {
        // What can be resumed is a pair; nothing else is left in ingest/.
        for (var file : StoreSetup.list(new ContentLayout(root.resolve("content")).ingests())) {
            var name = String.valueOf(file.getFileName());
            assertThat(name).matches(".*\\.(part|ranges)");
            var twin = name.endsWith(".part") ? name.replace(".part", ".ranges") : name.replace(".ranges", ".part");
            assertThat(Files.exists(file.resolveSibling(twin))).as(name).isTrue();
        }
        assertThat(StoreSetup.list(root.resolve("tmp"))).isEmpty();
    }
}
