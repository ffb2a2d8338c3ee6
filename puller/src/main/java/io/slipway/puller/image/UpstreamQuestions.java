package io.slipway.puller.image;

import io.slipway.cas.Arrival;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.puller.Access;
import io.slipway.puller.CredentialSource;
import io.slipway.puller.ImageReference;
import io.slipway.puller.PullRequest.Route;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.Upstreams;
import io.slipway.puller.fetch.Blobs;
import io.slipway.puller.fetch.FetchStatus;
import io.slipway.puller.hosts.Capability;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.registry.Answer;
import io.slipway.puller.registry.Ask;
import io.slipway.puller.registry.Registry;
import io.slipway.puller.registry.Session;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// [Upstreams] over the resolver and the fetches that pulls use too.
public final class UpstreamQuestions implements Upstreams {
    private final Hosts hosts;
    private final Registry registry;
    private final Resolver resolver;
    private final Blobs blobs;
    private final CredentialSource configured;

    /// All collaborators.
    public UpstreamQuestions(
            Hosts hosts, Registry registry, Resolver resolver, Blobs blobs, CredentialSource configured) {
        this.hosts = hosts;
        this.registry = registry;
        this.resolver = resolver;
        this.blobs = blobs;
        this.configured = configured;
    }

    @Override
    public Resolved resolve(ImageReference reference, Access access) throws RegistryException, InterruptedException {
        Resolver.Found found = resolver.resolve(reference, session(reference, access), Route.CONFIGURED);
        return new Resolved(found.descriptor(), found.contacted(), found.credentialed());
    }

    @Override
    public ManifestBody manifest(ImageReference reference, Access access)
            throws RegistryException, InterruptedException {
        Resolver.Found found = resolver.manifest(reference, session(reference, access), Route.CONFIGURED);
        return new ManifestBody(
                found.descriptor(), found.body().orElseThrow(), found.contacted(), found.credentialed());
    }

    @Override
    public Arrival blob(String host, String repository, Digest digest, OptionalLong size, Access access)
            throws IOException {
        // Whether credentials were needed is not known before the fetch; unknown is the private reading.
        Provenance provenance = access.credentials().isPresent()
                ? new Provenance(host, repository, new Provenance.Access.Unknown())
                : Provenance.publicly(host, repository);
        Blobs.Wanted wanted =
                new Blobs.Wanted(digest, size, repository, provenance, "blob of " + host + "/" + repository, false);
        Session session = new Session(access, Route.CONFIGURED, host, host + "/" + repository + "@" + digest);
        return blobs.arrive(wanted, session, Route.CONFIGURED, new FetchStatus());
    }

    @Override
    public boolean readable(String host, String repository, Digest digest, Access access)
            throws RegistryException, InterruptedException {
        Session session = new Session(access, Route.CONFIGURED, host, host + "/" + repository + "@" + digest);
        List<Endpoint> endpoints = hosts.endpoints(host, Route.CONFIGURED).stream()
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
                Code.NO_HOST, host, host + ": none of the configured hosts may be asked for content"));
    }

    @Override
    public CredentialSource configured() {
        return configured;
    }

    @Override
    public boolean hasOwnDirectory(String host) {
        return hosts.hasOwnDirectory(host);
    }

    private static Session session(ImageReference reference, Access access) {
        return new Session(access, Route.CONFIGURED, reference.host(), reference.name());
    }
}
