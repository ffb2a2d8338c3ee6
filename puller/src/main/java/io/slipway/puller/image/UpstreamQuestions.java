package io.slipway.puller.image;

import io.slipway.cas.Arrival;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.puller.Access;
import io.slipway.puller.CredentialSource;
import io.slipway.puller.ImageReference;
import io.slipway.puller.PullRequest.Route;
import io.slipway.puller.RegistryException;
import io.slipway.puller.Upstreams;
import io.slipway.puller.fetch.Blobs;
import io.slipway.puller.fetch.FetchStatus;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.registry.Session;
import java.io.IOException;
import java.util.OptionalLong;

/// [Upstreams] over the resolver and the fetches that pulls use too.
public final class UpstreamQuestions implements Upstreams {
    private final Hosts hosts;
    private final BlobReads reads;
    private final Resolver resolver;
    private final Blobs blobs;
    private final CredentialSource configured;

    /// All collaborators.
    public UpstreamQuestions(
            Hosts hosts, BlobReads reads, Resolver resolver, Blobs blobs, CredentialSource configured) {
        this.hosts = hosts;
        this.reads = reads;
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
        return reads.allowed(session, repository, digest, Route.CONFIGURED);
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
