package io.slipway.puller.image;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.linux.Hasher;
import io.slipway.linux.HasherProvider;
import io.slipway.puller.ImageReference;
import io.slipway.puller.PullRequest;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.Upstreams;
import io.slipway.puller.hosts.Capability;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.Hosts;
import io.slipway.puller.registry.Answer;
import io.slipway.puller.registry.Ask;
import io.slipway.puller.registry.Registry;
import io.slipway.puller.registry.Session;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Asks a registry's hosts, in order, what a name stands for (specs: hosts-toml 7). Any failure but an interruption
/// leads to the next host; the failure that got furthest is reported.
public final class Resolver {
    private final Hosts hosts;
    private final Registry registry;
    private final HasherProvider hashers;

    /// All collaborators.
    public Resolver(Hosts hosts, Registry registry, HasherProvider hashers) {
        this.hosts = hosts;
        this.registry = registry;
        this.hashers = hashers;
    }

    /// A resolved name with what was learnt on the way.
    ///
    /// @param body the manifest, when it had to be read to learn its digest
    /// @param provenance who may read this there
    public record Found(
            Descriptor descriptor,
            String contacted,
            boolean credentialed,
            Optional<byte[]> body,
            Provenance provenance) {}

    private interface Question {
        Found ask(Endpoint endpoint, boolean last) throws RegistryException, InterruptedException;
    }

    /// HEAD, and GET where HEAD does not tell enough.
    public Found resolve(ImageReference reference, Session session, PullRequest.Route route)
            throws RegistryException, InterruptedException {
        return first(reference, route, (endpoint, last) -> head(reference, session, endpoint, last));
    }

    /// GET; the bytes are verified against the reference's digest, or the answer's own.
    public Found manifest(ImageReference reference, Session session, PullRequest.Route route)
            throws RegistryException, InterruptedException {
        return first(reference, route, (endpoint, last) -> get(reference, session, endpoint, last));
    }

    private Found first(ImageReference reference, PullRequest.Route route, Question question)
            throws RegistryException, InterruptedException {
        boolean byTag = reference.digest().isEmpty();
        List<Endpoint> endpoints = hosts.endpoints(reference.host(), route).stream()
                .filter(endpoint -> endpoint.can(Capability.PULL))
                .filter(endpoint -> !byTag || endpoint.can(Capability.RESOLVE))
                .toList();
        Optional<RegistryException> worst = Optional.empty();
        for (int i = 0; i < endpoints.size(); i++) {
            try {
                return question.ask(endpoints.get(i), i == endpoints.size() - 1);
            } catch (RegistryException e) {
                worst = Optional.of(
                        worst.map(known -> RegistryException.further(known, e)).orElse(e));
            }
        }
        throw worst.orElseGet(() -> new RegistryException(
                Code.NO_HOST,
                reference.host(),
                reference + ": no resolve hosts: none of the configured hosts may answer this; check the capabilities"
                        + " in hosts.toml and that they are not this node's own mirror"));
    }

    private Found head(ImageReference reference, Session session, Endpoint endpoint, boolean last)
            throws RegistryException, InterruptedException {
        Ask ask = Ask.manifest(HttpMethod.HEAD, reference.repository(), reference.object(), reference.name());
        Answer answer = registry.ask(session, endpoint, ask, last);
        if (answer.status() == 405) {
            answer.response().discard();
            return get(reference, session, endpoint, last);
        }
        if (!answer.ok()) {
            throw registry.failure(answer, ask);
        }
        OptionalLong size = answer.response().contentLength();
        Optional<String> digest = reference
                .digest()
                .map(Digest::toString)
                .or(() -> answer.response().header("Docker-Content-Digest"));
        String type = MediaTypes.bare(answer.response().header("Content-Type").orElse(""));
        answer.response().discard();
        if (size.isEmpty() || digest.isEmpty() || type.isEmpty()) {
            return get(reference, session, endpoint, last);
        }
        check(size.getAsLong(), reference, endpoint);
        Descriptor descriptor = new Descriptor(type, digest(digest.get(), endpoint, reference), size.getAsLong());
        return found(descriptor, Optional.empty(), answer, reference, session);
    }

    private Found get(ImageReference reference, Session session, Endpoint endpoint, boolean last)
            throws RegistryException, InterruptedException {
        Ask ask = Ask.manifest(HttpMethod.GET, reference.repository(), reference.object(), reference.name());
        Answer answer = registry.demand(session, endpoint, ask, last);
        Optional<Digest> promised = reference.digest();
        Optional<String> header = answer.response().header("Docker-Content-Digest");
        if (promised.isEmpty() && header.isPresent()) {
            promised = Optional.of(digest(header.get(), endpoint, reference));
        }
        String type = MediaTypes.bare(answer.response().header("Content-Type").orElse(""));
        byte[] bytes = answer.response().small(Upstreams.MAX_MANIFEST_BYTES);
        Algorithm algorithm = promised.map(Digest::algorithm).orElse(Algorithm.SHA256);
        Digest real = hash(algorithm, bytes);
        if (promised.isPresent() && !promised.get().equals(real)) {
            throw new RegistryException(
                    Code.DIGEST_MISMATCH,
                    endpoint.authority(),
                    reference + ": " + endpoint.authority() + " sent a manifest whose digest is " + real
                            + " instead of " + promised.get() + "; the registry's copy is damaged or forged");
        }
        return found(new Descriptor(type, real, bytes.length), Optional.of(bytes), answer, reference, session);
    }

    private Found found(
            Descriptor descriptor, Optional<byte[]> body, Answer answer, ImageReference reference, Session session) {
        Provenance provenance = registry.scopeId(session, answer)
                .map(scope -> Provenance.scoped(reference.host(), reference.repository(), scope))
                .orElseGet(() -> Provenance.publicly(reference.host(), reference.repository()));
        return new Found(descriptor, answer.host(), answer.credentialed(), body, provenance);
    }

    private static void check(long size, ImageReference reference, Endpoint endpoint) throws RegistryException {
        if (size > Upstreams.MAX_MANIFEST_BYTES) {
            throw new RegistryException(
                    Code.TOO_LARGE,
                    endpoint.authority(),
                    reference + ": its manifest has " + size + " bytes, more than " + Upstreams.MAX_MANIFEST_BYTES);
        }
    }

    private static Digest digest(String text, Endpoint endpoint, ImageReference reference) throws RegistryException {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw new RegistryException(
                    Code.BAD_FORMAT,
                    endpoint.authority(),
                    reference + ": " + endpoint.authority() + " sent a malformed digest",
                    e);
        }
    }

    /// The digest of bytes in memory.
    public Digest hash(Algorithm algorithm, byte[] bytes) {
        try (Hasher hasher = hashers.open(algorithm.id())) {
            hasher.update(bytes, 0, bytes.length);
            return Digest.of(algorithm, hasher.digest());
        }
    }
}
