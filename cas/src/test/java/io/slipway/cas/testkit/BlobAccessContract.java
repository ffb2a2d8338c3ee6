package io.slipway.cas.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.Algorithm;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What every way to a store promises.
public abstract class BlobAccessContract {

    /// A way to a fresh store; the caller closes it.
    protected abstract BlobAccess access() throws Exception;

    @Test
    void whatWasNeverPutIsAbsent() throws Exception {
        try (var access = access()) {
            assertThat(access.read(Bytes.digest(new byte[1]), 0, 1)).isEmpty();
        }
    }

    @Test
    void aBlobIsReadAsItWasPut() throws Exception {
        var body = Bytes.random(101, 3_000_000);
        try (var access = access()) {
            assertThat(access.put(Bytes.request(body), body)).isEqualTo(new Verdict.Verified(body.length));
            assertThat(access.read(Bytes.digest(body), 0, body.length + 1)).hasValue(body);
        }
    }

    @Test
    void everyAlgorithmNamesABlob() throws Exception {
        try (var access = access()) {
            for (var algorithm : Algorithm.values()) {
                var body = Bytes.random(algorithm.hexLength(), 5_000);
                var digest = Bytes.digest(algorithm, body);
                var request = new ArrivalRequest(digest, OptionalLong.empty(), Provenance.UNKNOWN, "test");
                assertThat(access.put(request, body)).isEqualTo(new Verdict.Verified(body.length));
                assertThat(access.read(digest, 0, body.length)).hasValue(body);
            }
        }
    }

    @Test
    void aBlobWithoutBytesIsABlob() throws Exception {
        var body = new byte[0];
        try (var access = access()) {
            assertThat(access.put(Bytes.requestWithoutSize(body), body)).isEqualTo(new Verdict.Verified(0));
            assertThat(access.read(Bytes.digest(body), 0, 10)).hasValue(body);
        }
    }

    @Test
    void anyPartIsRead() throws Exception {
        var body = Bytes.random(102, 700_000);
        try (var access = access()) {
            access.put(Bytes.request(body), body);
            var digest = Bytes.digest(body);
            assertThat(access.read(digest, 300_000, 50_000)).hasValue(Arrays.copyOfRange(body, 300_000, 350_000));
            assertThat(access.read(digest, 699_990, 100)).hasValue(Arrays.copyOfRange(body, 699_990, 700_000));
            assertThat(access.read(digest, 700_000, 100)).hasValue(new byte[0]);
        }
    }

    @Test
    void wrongBytesAreRejectedAndTheRightOnesWelcomeAfterwards() throws Exception {
        var body = Bytes.random(103, 10_000);
        var wrong = body.clone();
        wrong[5_000] ^= 1;
        try (var access = access()) {
            assertThat(access.put(Bytes.request(body), wrong)).isInstanceOf(Verdict.Rejected.class);
            assertThat(access.read(Bytes.digest(body), 0, 1)).isEmpty();
            assertThat(access.read(Bytes.digest(wrong), 0, 1)).isEmpty();
            assertThat(access.put(Bytes.request(body), body)).isEqualTo(new Verdict.Verified(body.length));
            assertThat(access.read(Bytes.digest(body), 0, body.length)).hasValue(body);
        }
    }

    @Test
    void moreBytesThanAnnouncedAreRejected() throws Exception {
        var body = Bytes.random(104, 1_000);
        try (var access = access()) {
            assertThat(access.put(Bytes.request(body), Arrays.copyOf(body, 1_001)))
                    .isInstanceOf(Verdict.Rejected.class);
            assertThat(access.read(Bytes.digest(body), 0, 1)).isEmpty();
        }
    }

    @Test
    void puttingABlobAgainIsFine() throws Exception {
        var body = Bytes.random(105, 1_000);
        try (var access = access()) {
            access.put(Bytes.request(body), body);
            assertThat(access.put(Bytes.request(body), body)).isEqualTo(new Verdict.Verified(body.length));
            assertThat(access.read(Bytes.digest(body), 0, body.length)).hasValue(body);
        }
    }

    @Test
    void oneBlobMayBePutBySeveralAtOnce() throws Exception {
        var body = Bytes.random(106, 2_000_000);
        try (var access = access();
                var pool = Executors.newFixedThreadPool(4)) {
            var puts = new ArrayList<Future<Verdict>>();
            for (int i = 0; i < 4; i++) {
                puts.add(pool.submit(() -> access.put(Bytes.request(body), body)));
            }
            for (var put : puts) {
                assertThat(put.get()).isEqualTo(new Verdict.Verified(body.length));
            }
            assertThat(access.read(Bytes.digest(body), 0, body.length)).hasValue(body);
        }
    }
}
