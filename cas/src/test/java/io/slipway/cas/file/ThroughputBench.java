package io.slipway.cas.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.testkit.Bytes;
import io.slipway.linux.Hashers;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How much the store costs next to the hash alone: `mvn test -pl cas -am -Dtest=ThroughputBench`. Not part
/// of a build.
@SuppressWarnings("NullAway.Init")
final class ThroughputBench {

    private static final int BLOBS = 8;
    private static final int SIZE_BYTES = 64 << 20;
    private static final int CHUNK_BYTES = 512 << 10;

    @TempDir
    private Path root;

    @Test
    void eightArrivalsAtOnce() throws Exception {
        run("at once", 0);
    }

    /// As bytes come from a network: the disk has the time of the transfer.
    @Test
    void eightArrivalsAtTheRateOfANetwork() throws Exception {
        run("at 130 MB/s", BLOBS * CHUNK_BYTES * 1_000L / 130);
    }

    private void run(String name, long pauseNanos) throws Exception {
        var data = ByteBuffer.allocateDirect(SIZE_BYTES);
        data.put(Bytes.random(1, SIZE_BYTES));
        for (int round = 0; round < 3; round++) {
            long hashStarted = System.nanoTime();
            var digests = new ArrayList<Digest>();
            for (int i = 0; i < BLOBS; i++) {
                // Only the first bytes differ: what a blob holds makes no difference to its cost.
                data.putInt(0, round * BLOBS + i);
                try (var hasher = Hashers.best().open("sha256")) {
                    hasher.update(data.duplicate().clear());
                    digests.add(Digest.of(io.slipway.cas.Algorithm.SHA256, hasher.digest()));
                }
            }
            long hashNanos = System.nanoTime() - hashStarted;
            try (var bytes = Executors.newFixedThreadPool(2)) {
                var options = CasOptions.of(root.resolve(name + round), bytes, Hashers.best());
                FileBlobStore.prepare(options);
                try (var store = FileBlobStore.open(options, (_, _, _) -> {})) {
                    long started = System.nanoTime();
                    var arrivals = new ArrayList<Arrival>();
                    for (int i = 0; i < BLOBS; i++) {
                        int first = round * BLOBS + i;
                        arrivals.add(store.arrive(
                                new ArrivalRequest(
                                        digests.get(i), OptionalLong.of(SIZE_BYTES), Provenance.UNKNOWN, "bench"),
                                landing -> {
                                    var head = ByteBuffer.allocateDirect(4).putInt(0, first);
                                    landing.write(0, head);
                                    for (int at = 0; at < SIZE_BYTES; at += CHUNK_BYTES) {
                                        landing.write(at, data.slice(at, CHUNK_BYTES));
                                        java.util.concurrent.locks.LockSupport.parkNanos(pauseNanos);
                                    }
                                }));
                    }
                    long landed = 0;
                    for (var arrival : arrivals) {
                        assertThat(arrival.awaitVerified()).isEqualTo(SIZE_BYTES);
                        landed += SIZE_BYTES;
                        arrival.close();
                    }
                    long nanos = System.nanoTime() - started;
                    System.out.printf(
                            name + ": %d MB: hash alone %d ms (one thread), through the store %d ms%n",
                            landed / 1_000_000,
                            hashNanos / 1_000_000,
                            nanos / 1_000_000);
                }
            }
        }
    }
}
