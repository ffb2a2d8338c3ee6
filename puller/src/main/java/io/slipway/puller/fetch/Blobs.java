package io.slipway.puller.fetch;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.puller.BlobSource;
import io.slipway.puller.PullRequest;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.Capability;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.http.WireRequest.Lane;
import io.slipway.puller.registry.Registry;
import io.slipway.puller.registry.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;

/// Starts (or joins) the one fetch of a blob. Thread-safe.
public final class Blobs {
    /// Blobs of at most this size travel with the small answers, so that a config never waits behind layers.
    static final long SMALL_BYTES_MAX = 1L << 20;

    private final BlobStore store;
    private final Hosts hosts;
    private final Registry registry;
    private final PullerObserver observer;
    private final Round.Tools tools;
    private final Slots downloads;
    private final Suspects suspects = new Suspects();
    private final int connections;

    /// @param writers bounded pool of platform threads for writing
    /// @param downloadsMax how many blobs of one registry image pulls fetch at once; each registry has its
    ///     own places, so that a slow one holds up nobody else
    /// @param connections how many ranges of one origin are open at once
    public Blobs(
            BlobStore store,
            Hosts hosts,
            Registry registry,
            PullerObserver observer,
            ExecutorService writers,
            int downloadsMax,
            int connections) {
        this.store = store;
        this.hosts = hosts;
        this.registry = registry;
        this.observer = observer;
        this.tools = new Round.Tools(new Slots(connections), writers, observer);
        this.downloads = new Slots(downloadsMax);
        this.connections = connections;
    }

    /// Which blob, from where.
    ///
    /// @param bounded whether it counts towards the downloads of image pulls
    public record Wanted(
            io.slipway.cas.Digest digest,
            OptionalLong size,
            String repository,
            Provenance provenance,
            String why,
            boolean bounded) {}

    /// Joins or starts; returns at once.
    public Arrival arrive(Wanted wanted, Session session, PullRequest.Route route, FetchStatus status)
            throws IOException {
        boolean small = wanted.size().orElse(Long.MAX_VALUE) <= SMALL_BYTES_MAX;
        BlobFetch fetch = new BlobFetch(
                () -> suspects.last(wanted.digest(), sources(wanted, session, route, small ? Lane.SMALL : Lane.BULK)),
                tools,
                status,
                wanted.bounded() && !small ? () -> downloads.acquire(session.registry(), true) : BlobFetch.Turn.AT_ONCE,
                connections,
                !small);
        Arrival arrival = store.arrive(
                new ArrivalRequest(
                        wanted.digest(),
                        wanted.size(),
                        wanted.provenance(),
                        route.origin(session.registry()),
                        wanted.why()),
                fetch);
        var _ = arrival.verdict().thenAccept(verdict -> {
            if (verdict instanceof Verdict.Rejected) {
                suspects.add(wanted.digest(), fetch.used());
            }
        });
        return arrival;
    }

    private List<BlobSource> sources(Wanted wanted, Session session, PullRequest.Route route, Lane lane)
            throws RegistryException {
        List<Endpoint> endpoints = hosts.endpoints(session.registry(), route).stream()
                .filter(endpoint -> endpoint.can(Capability.PULL))
                .toList();
        List<BlobSource> sources = new ArrayList<>();
        for (int i = 0; i < endpoints.size(); i++) {
            sources.add(new HttpBlobSource(
                    registry,
                    session,
                    endpoints.get(i),
                    wanted.repository(),
                    i == endpoints.size() - 1,
                    lane,
                    observer));
        }
        return sources;
    }
}
