package io.slipway.puller.registry;

import io.slipway.puller.Access;
import io.slipway.puller.AddressPolicy;
import io.slipway.puller.Credential;
import io.slipway.puller.PullRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// One operation's standing with registries: whose credentials, which reach, how many retries are left. Credentials
/// are looked up once per host. Thread-safe.
public final class Session {
    /// Retries of one operation over all its requests.
    static final int RETRIES_MAX = 64;

    private final Access access;
    private final PullRequest.Route route;
    private final String registry;
    private final String reference;
    private final AtomicInteger retries = new AtomicInteger(RETRIES_MAX);
    private final Map<String, Optional<Credential>> found = new ConcurrentHashMap<>();

    /// @param registry the registry of the image's name
    /// @param reference what the operation is about, for humans
    public Session(Access access, PullRequest.Route route, String registry, String reference) {
        this.access = access;
        this.route = route;
        this.registry = registry;
        this.reference = reference;
    }

    AddressPolicy policy() {
        return access.policy();
    }

    Map<String, List<String>> headers() {
        return route.headers();
    }

    /// The registry of the image's name.
    public String registry() {
        return registry;
    }

    /// Takes one retry from the budget.
    public boolean mayRetry() {
        return retries.getAndDecrement() > 0;
    }

    Optional<Credential> credential(String host, List<String> challenges) throws IOException, InterruptedException {
        if (access.credentials().isEmpty()) {
            return Optional.empty();
        }
        Optional<Credential> known = found.get(host);
        if (known == null) {
            known = access.credentials().get().find(host, reference, challenges);
            found.put(host, known);
        }
        return known;
    }

    /// The credential this operation used at a host, if it used one.
    Optional<Credential> used(String host) {
        Optional<Credential> known = found.get(host);
        return known == null ? Optional.empty() : known;
    }
}
