package io.slipway.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.puller.Access;
import io.slipway.puller.AddressPolicy;
import io.slipway.puller.Upstreams;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/// Whether anyone may read a blob in an upstream repository. The store keeps one copy of a blob whoever
/// fetched it, perhaps with credentials; the mirror's clients get only what they could have had from upstream
/// without any.
///
/// Known from the store's provenance, or asked of upstream once, and remembered for a bounded time. A host
/// that the mirror may ask at public addresses only must have been within that rule too: the provenance may be
/// of a pull through the API, which goes anywhere.
final class PublicReads {

    private static final int MAX_REMEMBERED = 50_000;

    private final Contents contents;
    private final Ledger ledger;
    private final Upstreams upstreams;
    private final boolean everything;
    private final Flights<Boolean> flights;
    private final Cache<Key, Boolean> yes;

    private record Key(String host, String repository, Digest digest) {
        Key(Route.Upstream at, Digest digest) {
            this(at.host(), at.repository(), digest);
        }
    }

    /// What is known without asking upstream, or after.
    enum Answer {
        /// Known already.
        KNOWN,
        /// Upstream has just said yes.
        CONFIRMED,
        /// Upstream has just said no.
        NO,
        /// Upstream takes too long.
        TOO_SLOW
    }

    PublicReads(
            Contents contents,
            Ledger ledger,
            Upstreams upstreams,
            boolean everything,
            Duration remembered,
            InstantSource clock,
            Executor threads) {
        this.contents = contents;
        this.ledger = ledger;
        this.upstreams = upstreams;
        this.everything = everything;
        this.flights = new Flights<>(threads);
        Ticker ticker = () -> {
            Instant now = clock.instant();
            return now.getEpochSecond() * 1_000_000_000L + now.getNano();
        };
        this.yes = Caffeine.newBuilder()
                .maximumSize(MAX_REMEMBERED)
                .expireAfterWrite(remembered)
                .ticker(ticker)
                .build();
    }

    /// Whether what others were let read at this repository is also within what the mirror may ask for.
    boolean isWithinRule(Route.Upstream at, Access access) throws IOException {
        return access.policy() == AddressPolicy.ANY || ledger.hasServed(at);
    }

    /// True when no question is needed. Reads the database when memory does not know.
    private boolean isKnown(Route.Upstream at, Digest digest, Access access) throws IOException {
        var key = new Key(at, digest);
        if (everything || yes.getIfPresent(key) != null) {
            return true;
        }
        boolean known = contents.provenance(digest).contains(Provenance.publicly(at.host(), at.repository()))
                && isWithinRule(at, access);
        if (known) {
            yes.put(key, true);
        }
        return known;
    }

    /// Asks upstream unless it is known. One question at a time for the same blob and repository.
    Answer ask(Route.Upstream at, Digest digest, Access access, Duration bound)
            throws IOException, InterruptedException {
        if (isKnown(at, digest, access)) {
            return Answer.KNOWN;
        }
        var key = new Key(at, digest);
        CompletableFuture<Boolean> flight = flights.join(
                at.host() + "/" + at.repository() + " " + digest,
                () -> upstreams.readable(at.host(), at.repository(), digest, access));
        return Waiting.atMost(bound, flight)
                .map(readable -> {
                    if (readable) {
                        yes.put(key, true);
                    }
                    return readable ? Answer.CONFIRMED : Answer.NO;
                })
                .orElse(Answer.TOO_SLOW);
    }

    /// Upstream has just served this blob from that repository without credentials.
    void remember(Route.Upstream at, Digest digest) {
        yes.put(new Key(at, digest), true);
    }
}
