package io.slipway.puller.image;

import io.slipway.cas.ApiException;
import io.slipway.cas.Lease;
import io.slipway.cas.Leases;
import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leases of pulls that brought none of their own. A pull that dies with its daemon leaves its lease, which
/// keeps what had come for the next try; the next pull of that image that succeeds drops it. Thread-safe.
public final class PullLeases {
    /// Labels: the run of the daemon, which no pull outlives, and the image's name.
    private static final String RUN = "io.slipway.pull.run";

    private static final String IMAGE = "io.slipway.pull.image";

    private static final Logger log = LoggerFactory.getLogger(PullLeases.class);
    /// How long what a pull made outlives a daemon that died over it.
    private static final Duration LIFETIME = Duration.ofHours(24);

    private final Leases leases;
    private final String run = UUID.randomUUID().toString();

    /// For one run of the daemon.
    public PullLeases(Leases leases) {
        this.leases = leases;
    }

    /// A new one.
    ///
    /// @return its id
    String create(String namespace, String image) throws IOException {
        return leases.createFor(namespace, LIFETIME, Map.of(RUN, run, IMAGE, image))
                .id();
    }

    /// The pull has ended. A lease that stays expires by itself.
    void drop(String namespace, String lease) {
        boolean interrupted = Thread.interrupted();
        try {
            leases.delete(namespace, lease, false);
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

    /// Drops those that earlier runs left of pulls of this image: all that they kept, the image keeps now.
    void dropLost(String namespace, String image) {
        try {
            Filter labelled = Filter.parse(List.of("labels.\"" + RUN + "\""));
            for (Lease lease : leases.list(namespace, labelled)) {
                if (image.equals(lease.labels().get(IMAGE))
                        && !run.equals(lease.labels().get(RUN))) {
                    drop(namespace, lease.id());
                }
            }
        } catch (IOException | ApiException e) {
            log.atWarn()
                    .addKeyValue("image", image)
                    .addKeyValue("error", e.getMessage())
                    .log("Leases of pulls that were cut off could not be looked for; they expire within a day.");
        }
    }
}
