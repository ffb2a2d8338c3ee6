package io.slipway.puller.archive;

import io.slipway.cas.ApiException;
import io.slipway.cas.Leases;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The lease under which an archive is read or written: the caller's own, or one that ends with the work.
record Holding(Leases leases, String namespace, String lease, boolean own) implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Holding.class);
    /// How long what came outlives a daemon that died over it.
    private static final Duration LIFETIME = Duration.ofHours(24);

    static Holding of(Leases leases, String namespace, Optional<String> given) throws IOException {
        return given.isPresent()
                ? new Holding(leases, namespace, given.get(), false)
                : new Holding(
                        leases,
                        namespace,
                        leases.createFor(namespace, LIFETIME, Map.of()).id(),
                        true);
    }

    @Override
    public void close() {
        if (!own) {
            return;
        }
        // The end of the work, also when it was interrupted.
        boolean interrupted = Thread.interrupted();
        try {
            leases.delete(namespace, lease, false);
        } catch (IOException | ApiException e) {
            log.atWarn()
                    .addKeyValue("lease", lease)
                    .addKeyValue("error", e.getMessage())
                    .log("The lease of an archive could not be deleted; it expires within a day.");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
