package io.slipway.mirror;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.CacheIndex;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.MirrorMetrics.Source;
import io.slipway.mirror.Outcome.Refusal;
import io.slipway.puller.Access;
import io.slipway.puller.RegistryException;
import io.slipway.puller.Upstreams;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Finds a blob, or has it fetched. Blocking, on the request's virtual thread.
///
/// Stored: served when the repository is known to let anyone read it, else after one question to upstream. Not
/// stored: the store's one fetch of the digest is joined or started and followed. Nobody is shown bytes on the
/// strength of somebody else's credentials: a fetch of another repository or with credentials, or that goes on
/// from bytes an earlier one left, is followed only after the same question.
final class BlobStory {

    private static final Logger LOG = LoggerFactory.getLogger(BlobStory.class);

    private final BlobStore blobs;
    private final Contents contents;
    private final CacheIndex cache;
    private final Upstreams upstreams;
    private final PublicReads readable;
    private final MirrorLimits limits;
    private final Executor threads;

    /// Blobs whose arrival is going to be entered in the cache index.
    private final Set<Settling> settling = ConcurrentHashMap.newKeySet();

    /// @param vouched whether upstream lets everybody read it at that repository
    private record Settling(Route.Upstream at, Digest digest, boolean vouched) {}

    BlobStory(
            BlobStore blobs,
            Contents contents,
            CacheIndex cache,
            Upstreams upstreams,
            PublicReads readable,
            MirrorLimits limits,
            Executor threads) {
        this.blobs = blobs;
        this.contents = contents;
        this.cache = cache;
        this.upstreams = upstreams;
        this.readable = readable;
        this.limits = limits;
        this.threads = threads;
    }

    Outcome tell(Route.Upstream at, String reference, Access access) throws IOException, InterruptedException {
        Optional<Digest> digest = Digests.read(reference);
        if (digest.isEmpty()) {
            return new Refusal.BadDigest(reference);
        }
        try {
            Optional<Blob> stored = blobs.open(digest.get());
            return stored.isPresent() ? stored(at, stored.get(), access) : arriving(at, digest.get(), access);
        } catch (RegistryException e) {
            return new Refusal.UpstreamFailed(Kind.BLOB, e);
        } catch (ArrivalFailedException e) {
            return new Refusal.ArrivalFailed(e);
        }
    }

    private Outcome stored(Route.Upstream at, Blob blob, Access access) throws IOException, InterruptedException {
        boolean handedOn = false;
        try {
            PublicReads.Answer answer = readable.ask(at, blob.digest(), access, limits.upstreamWait());
            if (answer == PublicReads.Answer.NO || answer == PublicReads.Answer.TOO_SLOW) {
                return refused(at, blob.digest(), answer);
            }
            if (answer == PublicReads.Answer.CONFIRMED) {
                admit(new Settling(at, blob.digest(), true));
            }
            contents.touch(blob.digest());
            handedOn = true;
            return new Outcome.Stored(blob, answer == PublicReads.Answer.KNOWN ? Source.HIT : Source.REVALIDATED);
        } finally {
            if (!handedOn) {
                blob.close();
            }
        }
    }

    private Outcome arriving(Route.Upstream at, Digest digest, Access access) throws IOException, InterruptedException {
        Arrival arrival = upstreams.blob(at.host(), at.repository(), digest, OptionalLong.empty(), access);
        boolean handedOn = false;
        try {
            boolean vouched = isOurs(at, arrival) && readable.isWithinRule(at, access);
            if (!vouched) {
                PublicReads.Answer answer = readable.ask(at, digest, access, limits.upstreamWait());
                if (answer == PublicReads.Answer.NO || answer == PublicReads.Answer.TOO_SLOW) {
                    return refused(at, digest, answer);
                }
                vouched = answer == PublicReads.Answer.CONFIRMED;
            }
            settleLater(new Settling(at, digest, vouched), arrival);
            Outcome outcome = once(at, arrival);
            handedOn = outcome instanceof Outcome.Arriving;
            return outcome;
        } finally {
            if (!handedOn) {
                arrival.close();
            }
        }
    }

    /// Whether all bytes come from this repository, without credentials.
    private boolean isOurs(Route.Upstream at, Arrival arrival) throws IOException, InterruptedException {
        return Waiting.atMost(limits.upstreamWait(), arrival.provenance())
                .filter(Provenance.publicly(at.host(), at.repository())::equals)
                .isPresent();
    }

    /// The outcome as soon as upstream has sent a byte (its headers alone may be another asker's) and the size
    /// is known; for a small blob, or one whose size only its end tells, when it is whole.
    private Outcome once(Route.Upstream at, Arrival arrival) throws IOException, InterruptedException {
        if (arrival.available() == 0 && !awaitFirstByte(arrival)) {
            return new Refusal.TooSlow(at.host() + " did not answer in time");
        }
        OptionalLong size = arrival.size();
        if (size.isPresent() && size.getAsLong() > limits.heldBackBytes()) {
            return new Outcome.Arriving(arrival, size.getAsLong());
        }
        Optional<Verdict> verdict = Waiting.atMost(limits.upstreamWait(), arrival.verdict());
        if (verdict.isEmpty()) {
            return new Refusal.TooSlow(at.host() + " did not send the blob in time");
        }
        return switch (verdict.get()) {
            case Verdict.Verified _ -> {
                Blob blob = blobs.open(arrival.digest())
                        .orElseThrow(() -> new IOException(arrival.digest() + " was verified and is not there"));
                yield new Outcome.Stored(blob, Source.MISS);
            }
            case Verdict.Rejected _, Verdict.Failed _ ->
                new Refusal.ArrivalFailed(ArrivalFailedException.of(arrival.digest(), verdict.get()));
        };
    }

    /// True when a byte (or the end) is there, so that upstream's headers have told the size if they have one.
    private boolean awaitFirstByte(Arrival arrival) throws IOException, InterruptedException {
        var first = new CompletableFuture<Integer>();
        threads.execute(() -> {
            try {
                first.complete(arrival.read(0, ByteBuffer.allocate(1)));
            } catch (IOException | InterruptedException | RuntimeException e) {
                first.completeExceptionally(e);
            }
        });
        return Waiting.atMost(limits.upstreamWait(), first).isPresent();
    }

    /// Once for all who follow it from this repository.
    private void settleLater(Settling key, Arrival arrival) {
        if (!settling.add(key)) {
            return;
        }
        // Opened while the store still holds it, the blob can't be collected before it is in the index.
        arrival.heed(verdict -> {
            Optional<Blob> blob = verdict instanceof Verdict.Verified ? held(key.digest()) : rejected(key, verdict);
            try {
                threads.execute(() -> settle(key, blob));
            } catch (RejectedExecutionException stopping) {
                blob.ifPresent(Blob::close);
                settling.remove(key);
            }
        });
    }

    private Optional<Blob> held(Digest digest) {
        try {
            return blobs.open(digest);
        } catch (IOException e) {
            notAdmitted(digest, e);
            return Optional.empty();
        }
    }

    private static Optional<Blob> rejected(Settling key, Verdict verdict) {
        if (verdict instanceof Verdict.Rejected(String reason)) {
            LOG.atWarn()
                    .addKeyValue("digest", key.digest())
                    .addKeyValue("host", key.at().host())
                    .addKeyValue("repository", key.at().repository())
                    .log("upstream sent a blob that is not what its digest says: " + reason);
        }
        return Optional.empty();
    }

    private void settle(Settling key, Optional<Blob> verified) {
        try {
            if (verified.isPresent()) {
                try (Blob _ = verified.get()) {
                    admit(key);
                }
            }
        } catch (IOException | ApiException e) {
            notAdmitted(key.digest(), e);
        } finally {
            settling.remove(key);
        }
    }

    /// Interrupted means that the mirror stops; the blob is fetched again when it is asked for again.
    private static void notAdmitted(Digest digest, Exception e) {
        LOG.atLevel(Thread.currentThread().isInterrupted() ? Level.DEBUG : Level.WARN)
                .addKeyValue("digest", digest)
                .addKeyValue("error", e.getMessage())
                .log("a blob could not be entered in the cache index");
    }

    private void admit(Settling settled) throws IOException {
        if (settled.vouched()) {
            readable.remember(settled.at(), settled.digest());
            contents.addProvenance(
                    settled.digest(),
                    Provenance.publicly(settled.at().host(), settled.at().repository()));
        }
        cache.admit(settled.digest(), Map.of());
    }

    private static Outcome refused(Route.Upstream at, Digest digest, PublicReads.Answer answer) {
        return answer == PublicReads.Answer.TOO_SLOW
                ? new Refusal.TooSlow(at.host() + " did not answer in time")
                : new Refusal.Absent(
                        Kind.BLOB, digest + " is not in " + at.host() + "/" + at.repository() + " for everybody");
    }
}
