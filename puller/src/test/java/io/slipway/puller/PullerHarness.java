package io.slipway.puller;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Digest;
import io.slipway.cas.SharingPolicy;
import io.slipway.linux.Hashers;
import io.slipway.puller.http.Names;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// A puller over a real store in a directory.
final class PullerHarness implements AutoCloseable {
    static final PullerOptions.Timeouts FAST = new PullerOptions.Timeouts(
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofMillis(400),
            Duration.ofMillis(1500));

    final Vertx vertx;
    final Cas cas;
    final TestUnpacker unpacker = new TestUnpacker();
    final Puller puller;
    final List<PullListener.Event> events = new CopyOnWriteArrayList<>();
    final AtomicInteger retried = new AtomicInteger();
    private final ExecutorService bytes = Executors.newFixedThreadPool(2);

    PullerHarness(Vertx vertx, Path root) throws IOException {
        this(
                vertx,
                root,
                PullerOptions.defaults(List.of(root.resolve("certs.d")), "node-1")
                        .withTimeouts(FAST),
                null);
    }

    PullerHarness(Vertx vertx, Path root, PullerOptions options, @org.jspecify.annotations.Nullable Names names)
            throws IOException {
        this(vertx, root, options, names, SharingPolicy.SHARED);
    }

    PullerHarness(
            Vertx vertx,
            Path root,
            PullerOptions options,
            @org.jspecify.annotations.Nullable Names names,
            SharingPolicy sharing)
            throws IOException {
        this.vertx = vertx;
        this.cas = Cas.open(CasOptions.of(root.resolve("store"), bytes, Hashers.best())
                .withArrivalGrace(Duration.ofMillis(100))
                .withSharing(sharing));
        cas.joined();
        this.puller = Puller.over(
                vertx,
                new Puller.Stores(
                        cas.blobs(), cas.contents(), cas.images(), cas.leases(), cas.ingests(), Hashers.best()),
                unpacker,
                options,
                new PullerObserver() {
                    @Override
                    public void rangeRetried(String host) {
                        retried.incrementAndGet();
                    }
                },
                Optional.ofNullable(names));
    }

    PulledImage pull(ImageReference reference) throws RegistryException, InterruptedException {
        return puller.images().pull(PullRequest.of("default", reference), events::add);
    }

    PulledImage pull(PullRequest request) throws RegistryException, InterruptedException {
        return puller.images().pull(request, events::add);
    }

    boolean stored(Digest digest) throws IOException {
        try (var blob = cas.blobs().open(digest).orElse(null)) {
            return blob != null;
        }
    }

    @Override
    public void close() {
        puller.close();
        cas.close();
        bytes.shutdownNow();
    }
}
