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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Finds a blob, or has it fetched. Blocking, on the request's virtual thread.
///
/// Stored: served when the repository is known to let anyone read it, else after one question to upstream. Not
/// stored: the store's one fetch of the digest is joined or started and followed. Nobody is shown bytes on the
/// strength of somebody else's credentials: a fetch that was running before, or that goes on from bytes an earlier
/// one left, is followed only after the same question.
final class BlobStory {

    private static final Logger LOG = LoggerFactory.getLogger(BlobStory.class);

    private final BlobStore blobs;
    private final Contents contents;
    private final CacheIndex cache;
    private final Upstreams upstreams;
    private final PublicReads readable;
    private final MirrorLimits limits;
    private final Executor threads;

    /// Fetches under way that this mirror started without credentials, from nothing, at that repository.
    private final Set<Started> started = ConcurrentHashMap.newKeySet();

    private record Started(String host, String repository, Digest digest) {}

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
                admit(at, blob.digest());
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
        var key = new Started(at.host(), at.repository(), digest);
        boolean ours = started.contains(key);
        Optional<Arrival> running = blobs.arriving(digest);
        Arrival arrival = running.isPresent()
                ? running.get()
                : upstreams.blob(at.host(), at.repository(), digest, OptionalLong.empty(), access);
        boolean handedOn = false;
        try {
            boolean settles = running.isEmpty();
            if (running.isEmpty() && arrival.progress().resumed() == 0) {
                ours = true;
                started.add(key);
            }
            if (!ours) {
                PublicReads.Answer answer = readable.ask(at, digest, access, limits.upstreamWait());
                if (answer == PublicReads.Answer.NO || answer == PublicReads.Answer.TOO_SLOW) {
                    return refused(at, digest, answer);
                }
                settles |= answer == PublicReads.Answer.CONFIRMED;
            }
            if (settles) {
                CompletableFuture<Verdict> verdict = arrival.verdict();
                threads.execute(() -> settle(at, key, verdict));
            }
            Outcome outcome = once(at, arrival);
            handedOn = outcome instanceof Outcome.Arriving;
            return outcome;
        } finally {
            if (!handedOn) {
                arrival.close();
            }
        }
    }

    /// The outcome as soon as the size is known; for a small blob, or one whose size only its end tells, when it is
    /// whole.
    private Outcome once(Route.Upstream at, Arrival arrival) throws IOException, InterruptedException {
        if (arrival.size().isEmpty() && !awaitFirstByte(arrival)) {
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
            case Verdict.Rejected rejected ->
                new Refusal.ArrivalFailed(new ArrivalFailedException(arrival.digest(), rejected));
            case Verdict.Failed failed ->
                new Refusal.ArrivalFailed(new ArrivalFailedException(arrival.digest(), failed));
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

    private void settle(Route.Upstream at, Started key, CompletableFuture<Verdict> coming) {
        try {
            Verdict verdict = coming.get();
            if (verdict instanceof Verdict.Verified) {
                readable.remember(at, key.digest());
                admit(at, key.digest());
            } else if (verdict instanceof Verdict.Rejected(String reason)) {
                LOG.atWarn()
                        .addKeyValue("digest", key.digest())
                        .addKeyValue("host", at.host())
                        .addKeyValue("repository", at.repository())
                        .log("upstream sent a blob that is not what its digest says: " + reason);
            }
        } catch (IOException | ApiException e) {
            // Interrupted means that the mirror stops; the blob is fetched again when it is asked for again.
            LOG.atLevel(Thread.currentThread().isInterrupted() ? Level.DEBUG : Level.WARN)
                    .addKeyValue("digest", key.digest())
                    .addKeyValue("error", e.getMessage())
                    .log("a blob could not be entered in the cache index");
        } catch (ExecutionException e) {
            throw new IllegalStateException("a verdict never completes exceptionally", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            started.remove(key);
        }
    }

    private void admit(Route.Upstream at, Digest digest) throws IOException {
        contents.addProvenance(digest, Provenance.publicly(at.host(), at.repository()));
        cache.admit(digest, Map.of());
    }

    private static Outcome refused(Route.Upstream at, Digest digest, PublicReads.Answer answer) {
        return answer == PublicReads.Answer.TOO_SLOW
                ? new Refusal.TooSlow(at.host() + " did not answer in time")
                : new Refusal.Absent(
                        Kind.BLOB, digest + " is not in " + at.host() + "/" + at.repository() + " for everybody");
    }
}
