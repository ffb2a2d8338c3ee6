package io.slipway.puller.image;

import io.slipway.cas.Digest;
import io.slipway.puller.PullRequest.Route;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.hosts.Capability;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.registry.Answer;
import io.slipway.puller.registry.Ask;
import io.slipway.puller.registry.Registry;
import io.slipway.puller.registry.Session;
import java.util.List;
import java.util.Optional;

/// Asks a registry whether it lets somebody read a blob, without reading it.
public final class BlobReads {
    private final Hosts hosts;
    private final Registry registry;

    /// All collaborators.
    public BlobReads(Hosts hosts, Registry registry) {
        this.hosts = hosts;
        this.registry = registry;
    }

    /// False when a host has refused or does not have it, and none has it.
    boolean allowed(Session session, String repository, Digest digest, Route route)
            throws RegistryException, InterruptedException {
        List<Endpoint> endpoints = hosts.endpoints(session.registry(), route).stream()
                .filter(endpoint -> endpoint.can(Capability.PULL))
                .toList();
        Optional<RegistryException> worst = Optional.empty();
        boolean refused = false;
        for (int i = 0; i < endpoints.size(); i++) {
            Ask ask = Ask.blobHead(repository, digest.toString(), "blob " + digest);
            try {
                Answer answer = registry.ask(session, endpoints.get(i), ask, i == endpoints.size() - 1);
                if (answer.ok()) {
                    answer.response().discard();
                    return true;
                }
                RegistryException failure = registry.failure(answer, ask);
                switch (failure.code()) {
                    case NOT_FOUND, DENIED, UNAUTHENTICATED -> refused = true;
                    default -> worst = Optional.of(failure);
                }
            } catch (RegistryException e) {
                worst = Optional.of(e);
            }
        }
        if (refused) {
            return false;
        }
        throw worst.orElseGet(() -> new RegistryException(
                Code.NO_HOST,
                session.registry(),
                session.registry() + ": none of the configured hosts may be asked for content"));
    }
}
