package io.slipway.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.slipway.cas.Digest;
import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.MirrorMetrics.Source;
import io.slipway.mirror.Outcome.Found;
import io.slipway.mirror.Outcome.ManifestBytes;
import io.slipway.mirror.Outcome.Refusal;
import io.slipway.puller.Access;
import io.slipway.puller.ImageReference;
import io.slipway.puller.RegistryException;
import io.slipway.puller.Upstreams;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;

/// Finds a manifest by tag or digest. Blocking, on the request's virtual thread.
///
/// A tag's digest is *fresh* for [MirrorLimits#tagTtl] after upstream confirmed it and served without asking. After
/// that it is *stale*: one HEAD, shared by all who ask meanwhile, confirms or replaces it. When upstream gives no
/// answer (away, 5xx, 429, or slower than [#REVALIDATION_WAIT]) the stale one is served until
/// [MirrorLimits#tagStale] has passed. When upstream says the tag is gone, it is gone here. A manifest by digest
/// never changes and is asked for once per repository.
final class ManifestStory {

    /// How long a client with a stale manifest at hand waits for upstream; clients give up on headers after 15 to
    /// 30 s.
    static final Duration REVALIDATION_WAIT = Duration.ofSeconds(5);

    /// After a failed confirmation upstream is left alone so long, so that an outage does not cost every request a
    /// wait.
    static final Duration OUTAGE_PAUSE = Duration.ofSeconds(10);

    private static final int MAX_OUTAGES = 10_000;

    private final Upstreams upstreams;
    private final Shelf shelf;
    private final Ledger ledger;
    private final MirrorLimits limits;
    private final InstantSource clock;
    private final Flights<ManifestBytes> flights;
    private final Cache<String, Instant> outages =
            Caffeine.newBuilder().maximumSize(MAX_OUTAGES).build();

    ManifestStory(
            Upstreams upstreams,
            Shelf shelf,
            Ledger ledger,
            MirrorLimits limits,
            InstantSource clock,
            Executor threads) {
        this.upstreams = upstreams;
        this.shelf = shelf;
        this.ledger = ledger;
        this.limits = limits;
        this.clock = clock;
        this.flights = new Flights<>(threads);
    }

    Outcome tell(Route.Upstream at, String reference, Access access) throws IOException, InterruptedException {
        try {
            if (reference.indexOf(':') < 0) {
                return Names.isTag(reference)
                        ? byTag(at, reference, access)
                        : new Refusal.Absent(Kind.MANIFEST, "not a tag: " + reference);
            }
            Optional<Digest> digest = Digests.read(reference);
            return digest.isPresent()
                    ? byDigest(at, digest.get(), access)
                    : new Refusal.Absent(Kind.MANIFEST, "not a digest this registry knows: " + reference);
        } catch (RegistryException e) {
            return new Refusal.UpstreamFailed(Kind.MANIFEST, e);
        }
    }

    private Outcome byDigest(Route.Upstream at, Digest digest, Access access) throws IOException, InterruptedException {
        Optional<ManifestBytes> held = shelf.take(at, digest);
        if (held.isPresent()) {
            return found(held.get(), Source.HIT, clock.instant().plus(limits.readableTtl()));
        }
        var reference = new ImageReference(at.host(), at.repository(), Optional.empty(), Optional.of(digest));
        var flight =
                flights.join(key(at, digest.toString()), () -> shelf.put(at, upstreams.manifest(reference, access)));
        return Waiting.atMost(limits.upstreamWait(), flight)
                .<Outcome>map(m -> found(m, Source.MISS, clock.instant().plus(limits.readableTtl())))
                .orElseGet(() -> tooSlow(at));
    }

    private Outcome byTag(Route.Upstream at, String tag, Access access) throws IOException, InterruptedException {
        Optional<Ledger.TagRow> row = ledger.tag(at, tag);
        Optional<ManifestBytes> held =
                row.isPresent() ? shelf.take(at, row.get().digest()) : Optional.empty();
        if (row.isEmpty() || held.isEmpty()) {
            var flight = flights.join(key(at, tag), () -> fetch(at, tag, access));
            return Waiting.atMost(limits.upstreamWait(), flight)
                    .<Outcome>map(m -> found(m, Source.MISS, clock.instant().plus(limits.tagTtl())))
                    .orElseGet(() -> tooSlow(at));
        }
        Instant confirmedAt = row.get().confirmedAt();
        if (isYounger(confirmedAt, limits.tagTtl())) {
            return found(held.get(), Source.HIT, confirmedAt.plus(limits.tagTtl()));
        }
        return revalidate(at, tag, held.get(), confirmedAt, access);
    }

    private Outcome revalidate(Route.Upstream at, String tag, ManifestBytes held, Instant confirmedAt, Access access)
            throws IOException, InterruptedException {
        String key = key(at, tag);
        boolean usable = isYounger(confirmedAt, limits.tagStale());
        Instant pausedUntil = outages.getIfPresent(key);
        if (usable && pausedUntil != null && clock.instant().isBefore(pausedUntil)) {
            return found(held, Source.STALE, pausedUntil);
        }
        try {
            var flight = flights.join(key, () -> confirm(at, tag, held, access));
            Optional<ManifestBytes> now = Waiting.atMost(usable ? REVALIDATION_WAIT : limits.upstreamWait(), flight);
            if (now.isPresent()) {
                outages.invalidate(key);
                Source source = now.get().digest().equals(held.digest()) ? Source.REVALIDATED : Source.MISS;
                return found(now.get(), source, clock.instant().plus(limits.tagTtl()));
            }
            return usable ? stale(key, held) : tooSlow(at);
        } catch (RegistryException e) {
            if (isAnswer(e)) {
                ledger.forget(at, tag);
                throw e;
            }
            if (!usable) {
                throw e;
            }
            return stale(key, held);
        }
    }

    private Outcome stale(String key, ManifestBytes held) {
        Instant pausedUntil = clock.instant().plus(OUTAGE_PAUSE);
        outages.put(key, pausedUntil);
        return found(held, Source.STALE, pausedUntil);
    }

    private ManifestBytes fetch(Route.Upstream at, String tag, Access access) throws IOException, InterruptedException {
        ManifestBytes manifest = shelf.put(at, upstreams.manifest(reference(at, tag), access));
        ledger.confirm(at, tag, manifest.digest(), clock.instant());
        return manifest;
    }

    private ManifestBytes confirm(Route.Upstream at, String tag, ManifestBytes held, Access access)
            throws IOException, InterruptedException {
        ImageReference reference = reference(at, tag);
        Digest now = upstreams.resolve(reference, access).descriptor().digest();
        ManifestBytes manifest = held;
        if (!now.equals(held.digest())) {
            Optional<ManifestBytes> known = shelf.take(at, now);
            manifest = known.isPresent() ? known.get() : shelf.put(at, upstreams.manifest(reference.at(now), access));
        }
        ledger.confirm(at, tag, now, clock.instant());
        return manifest;
    }

    /// True when upstream has answered that this is not there, or not for everybody; false when it has not
    /// answered.
    private static boolean isAnswer(RegistryException e) {
        return switch (e.code()) {
            case NOT_FOUND, UNAUTHENTICATED, DENIED, ADDRESS_REFUSED, UNSUPPORTED -> true;
            case UNTRUSTED_TARGET,
                    UNREACHABLE,
                    TIMEOUT,
                    RATE_LIMITED,
                    DIGEST_MISMATCH,
                    BAD_FORMAT,
                    TOO_LARGE,
                    CONFIGURATION,
                    NO_HOST -> false;
        };
    }

    private static ImageReference reference(Route.Upstream at, String tag) {
        return new ImageReference(at.host(), at.repository(), Optional.of(tag), Optional.empty());
    }

    private boolean isYounger(Instant since, Duration bound) {
        return clock.instant().isBefore(since.plus(bound));
    }

    private static Found found(ManifestBytes manifest, Source source, Instant freshUntil) {
        return new Found(manifest, source, freshUntil);
    }

    private static Outcome tooSlow(Route.Upstream at) {
        return new Refusal.TooSlow(at.host() + " did not answer in time");
    }

    private static String key(Route.Upstream at, String reference) {
        return at.host() + "/" + at.repository() + " " + reference;
    }
}
