package io.slipway.puller.image;

import io.slipway.cas.ApiException;
import io.slipway.puller.ImagePull;
import io.slipway.puller.PullListener;
import io.slipway.puller.PullRequest;
import io.slipway.puller.PulledImage;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// Runs pulls: each under one lease, counted, its failure said once.
public final class Pulls implements ImagePull {
    private final Parts parts;
    private final PullerObserver observer;

    /// All collaborators.
    public Pulls(Parts parts, PullerObserver observer) {
        this.parts = parts;
        this.observer = observer;
    }

    @Override
    public PulledImage pull(PullRequest request, PullListener listener) throws RegistryException, InterruptedException {
        long started = System.nanoTime();
        Optional<String> failure = Optional.of("INTERRUPTED");
        try {
            PulledImage pulled = leased(request, listener);
            failure = Optional.empty();
            return pulled;
        } catch (RegistryException e) {
            failure = Optional.of(e.code().name());
            throw e;
        } catch (ApiException e) {
            failure = Optional.of(e.code().name());
            throw e;
        } catch (IOException e) {
            ApiException known = Failures.local(request.reference().name(), e);
            failure = Optional.of(known.code().name());
            throw known;
        } finally {
            observer.pullFinished(Duration.ofNanos(System.nanoTime() - started), failure);
        }
    }

    private PulledImage leased(PullRequest request, PullListener listener) throws IOException, InterruptedException {
        if (request.lease().isPresent()) {
            return run(request, request.lease().get(), listener);
        }
        String namespace = request.namespace();
        String lease = parts.leases().create(namespace, request.imageName());
        try {
            PulledImage pulled = run(request, lease, listener);
            parts.leases().dropLost(namespace, request.imageName());
            return pulled;
        } finally {
            parts.leases().drop(namespace, lease);
        }
    }

    private PulledImage run(PullRequest request, String lease, PullListener listener)
            throws IOException, InterruptedException {
        try (Board board = new Board(listener)) {
            return new Pull(parts, request, lease, board).run();
        }
    }
}
