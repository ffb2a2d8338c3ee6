package io.slipway.cas.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.cas.Faults;
import io.slipway.cas.ScrubObserver;
import io.slipway.cas.ScrubOptions;
import io.slipway.cas.file.FileBlobStore;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.JdkHashers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Passes over a store whose clock the test moves; waiting is counted instead of done.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class ScrubTest {

    private static final Duration WEEK = Duration.ofDays(7);
    private static final int EACH = 1_000_000;

    @TempDir
    private Path root;

    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    private final Moved clock = new Moved();
    private final List<String> observed = new ArrayList<>();
    private final List<Digest> stored = new ArrayList<>();
    private long read;
    private int passes;
    private Duration slept = Duration.ZERO;
    private int sleepsUntilInterrupt = Integer.MAX_VALUE;
    private Cas cas;
    private SqliteMetadata metadata;
    private FileBlobStore blobs;

    private static final class Moved extends Clock {
        private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    @BeforeEach
    void fill() throws Exception {
        var options = CasOptions.of(root, bytes, new JdkHashers()).withClock(clock);
        cas = Cas.open(options);
        for (int i = 0; i < 3; i++) {
            var body = Bytes.random(i, EACH);
            try (var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
                arrival.awaitVerified();
                cas.contents()
                        .link("default", arrival.digest(), Map.of("containerd.io/gc.root", "x"), Optional.empty());
                stored.add(arrival.digest());
            }
        }
        stored.sort(Comparator.comparing(Digest::toString));
        // A second opening of the same files, as the scrub's own view of them.
        metadata = SqliteMetadata.open(root.resolve("metadata.db"), root.resolve("tmp"), Faults.NONE, clock, true);
        metadata.schema(Schema.COMPONENT, Schema.STEPS);
        blobs = FileBlobStore.open(options, (_, _, _) -> {});
    }

    @AfterEach
    void close() {
        blobs.close();
        metadata.close();
        cas.close();
        bytes.close();
    }

    private Scrub scrub(long rate) {
        var observer = new ScrubObserver() {
            @Override
            public void read(long count) {
                read += count;
            }

            @Override
            public void checked(Outcome outcome) {
                observed.add(outcome.name());
            }
        };
        return new Scrub(
                metadata,
                blobs,
                new Losing(metadata, blobs, (_, _, _) -> {}, () -> {}),
                new ScrubOptions(rate, WEEK, observer),
                clock,
                time -> {
                    slept = slept.plus(time);
                    if (--sleepsUntilInterrupt == 0) {
                        throw new InterruptedException();
                    }
                },
                () -> passes++);
    }

    private void spoil(Digest digest) throws IOException {
        var file = root.resolve("content/blobs/sha256").resolve(digest.hex());
        var body = Files.readAllBytes(file);
        body[7] ^= 1;
        Files.delete(file);
        Files.write(file, body);
    }

    @Test
    void aNewStoreIsScrubbedAfterOneIntervalAndThenOncePerInterval() throws Exception {
        var scrub = scrub(1 << 30);
        assertThat(scrub.look()).isFalse();
        clock.now = clock.now.plus(WEEK);
        assertThat(scrub.look()).isTrue();
        assertThat(observed).containsExactly("GOOD", "GOOD", "GOOD");
        assertThat(read).isEqualTo(3L * EACH);
        assertThat(scrub.look()).isFalse();
        clock.now = clock.now.plus(WEEK);
        assertThat(scrub(1 << 30).look()).as("also after a restart").isTrue();
    }

    @Test
    void aBadBlobIsQuarantinedAndCounted() throws Exception {
        var scrub = scrub(1 << 30);
        scrub.look();
        spoil(stored.get(1));
        clock.now = clock.now.plus(WEEK);
        scrub.look();
        assertThat(observed).containsExactly("GOOD", "CORRUPT", "GOOD");
        assertThat(cas.blobs().open(stored.get(1))).isEmpty();
        assertThat(cas.contents().info("default", stored.get(1))).isEmpty();
        assertThat(cas.inspection().why(stored.get(1)).orElseThrow().lostBy()).containsExactly("default");
        try (var files = Files.list(root.resolve("content/quarantine"))) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void itWaitsAsLongAsItsRateAsks() throws Exception {
        var scrub = scrub(EACH);
        scrub.look();
        clock.now = clock.now.plus(WEEK);
        scrub.look();
        // Nobody waits really, so what was waited before is still to be waited: 1 + 2 + 3 seconds.
        assertThat(slept).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(6));
    }

    @Test
    void anInterruptedPassEndsAtOnceAndIsDoneLater() throws Exception {
        var scrub = scrub(1 << 30);
        scrub.look();
        clock.now = clock.now.plus(WEEK);
        sleepsUntilInterrupt = 2;
        assertThatThrownBy(scrub::look).isInstanceOf(InterruptedException.class);
        assertThat(observed).containsExactly("GOOD");
        assertThat(scrub.look()).isTrue();
        assertThat(observed).containsExactly("GOOD", "GOOD", "GOOD", "GOOD");
    }
}
