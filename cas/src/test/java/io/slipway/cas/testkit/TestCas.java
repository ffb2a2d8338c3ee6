package io.slipway.cas.testkit;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Faults;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/// A whole store on a directory, with a clock that tests move and the events it published.
public final class TestCas implements AutoCloseable {

    public static final String NS = "default";

    /// What was published: `namespace topic`.
    public final List<String> events = new CopyOnWriteArrayList<>();

    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    private final Path root;
    private final Cas cas;
    private final MovableClock clock;

    public TestCas(Path root) throws IOException {
        this(root, Faults.NONE);
    }

    public TestCas(Path root, Faults faults) throws IOException {
        this(root, options -> options.withFaults(faults));
    }

    public TestCas(Path root, UnaryOperator<CasOptions> change) throws IOException {
        this.root = root;
        clock = new MovableClock();
        cas = Cas.open(change.apply(CasOptions.of(root, bytes, new JdkHashers())
                .withArrivalGrace(Duration.ofMillis(100))
                .withClock(clock)));
        cas.publishTo((namespace, topic, _) -> events.add(namespace + " " + topic));
        cas.joined();
    }

    public Cas cas() {
        return cas;
    }

    public Path root() {
        return root;
    }

    public void advance(Duration by) {
        clock.offset = clock.offset.plus(by);
    }

    /// Stores a body and makes it visible.
    public Digest add(String namespace, byte[] body, Map<String, String> labels, Optional<String> lease)
            throws IOException, InterruptedException {
        try (var arrival = cas.blobs().arriveWith(Bytes.request(body), ByteBuffer.wrap(body))) {
            arrival.awaitVerified();
            cas.contents().link(namespace, arrival.digest(), labels, lease);
            return arrival.digest();
        }
    }

    public static Descriptor descriptor(Digest digest, long size) {
        return new Descriptor("application/vnd.oci.image.manifest.v1+json", digest, size);
    }

    public boolean stored(Digest digest) throws IOException {
        try (var blob = cas.blobs().open(digest).orElse(null)) {
            return blob != null;
        }
    }

    @Override
    public void close() {
        cas.close();
        bytes.close();
    }

    private static final class MovableClock extends Clock {
        private volatile Duration offset = Duration.ZERO;

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
            return Instant.now().plus(offset);
        }
    }
}
