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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs pulls: each under one lease, counted, its failure said once.
public final class Pulls implements ImagePull {
    private static final Logger log = LoggerFactory.getLogger(Pulls.class);
    /// How long what a pull made outlives a daemon that died over it.
    private static final Duration LEASE = Duration.ofHours(24);

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
        String lease = parts.leases()
                .createFor(request.namespace(), LEASE, java.util.Map.of())
                .id();
        try {
            return run(request, lease, listener);
        } finally {
            drop(request.namespace(), lease);
        }
    }

    private PulledImage run(PullRequest request, String lease, PullListener listener)
            throws IOException, InterruptedException {
        try (Board board = new Board(listener)) {
            return new Pull(parts, request, lease, board).run();
        }
    }

    /// A lease that stays expires by itself.
    private void drop(String namespace, String lease) {
        boolean interrupted = Thread.interrupted();
        try {
            parts.leases().delete(namespace, lease, false);
        } catch (IOException | ApiException e) {
            log.atWarn()
                    .addKeyValue("lease", lease)
                    .addKeyValue("error", e.getMessage())
                    .log("The lease of a finished pull could not be deleted; it expires within a day.");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
