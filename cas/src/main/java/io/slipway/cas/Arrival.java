package io.slipway.cas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// One asker's handle on the one fetch of a digest from its origin, over all namespaces and askers;
/// also given out, finished, for a blob that is already stored.
///
/// The fetch belongs to the store: it goes on when the asker that started it leaves. When the last
/// asker has left, it may go on for [CasOptions#arrivalGrace], then is interrupted; what has landed is
/// kept for the next asker of the same origin.
///
/// Each asker brings a fetch of its own. When the running one fails, those who brought the same
/// provenance have failed with it; for the others the arrival goes on with the next one's fetch, which
/// brings what is missing.
///
/// Bytes read before the verdict are **not verified**: nothing made of them may become visible before
/// [#verdict] says [Verdict.Verified]. While a handle is open, the blob is not collected.
///
/// Thread-safe; several threads may read through one handle. Never call the blocking methods from an
/// event loop.
public interface Arrival extends AutoCloseable {

    /// How urgent a wanted range is, next to the other ranges of this blob.
    enum Priority {
        /// Read ahead; after everything else.
        AHEAD,
        /// Will be needed.
        SOON,
        /// Somebody waits.
        NOW
    }

    /// What to show of a running fetch.
    ///
    /// @param landed bytes that are in the store, resumed ones included
    /// @param resumed bytes of those that an earlier fetch left
    /// @param verified bytes of the prefix that have been hashed
    /// @param source host the bytes come from, empty when none said so yet
    record Progress(long landed, long resumed, long verified, OptionalLong size, String source) {}

    Digest digest();

    /// The origin that is answerable for the bytes before the verdict, as in [ArrivalRequest#origin];
    /// empty when they were verified before this handle was made.
    String origin();

    /// Who may read the bytes that come, without asking anybody: the provenance of the one fetch that
    /// brings all of them; [Provenance#UNKNOWN] when some are from an earlier fetch or the blob was
    /// stored before. Completes (never exceptionally) as soon as that is settled, which needs the disk
    /// but not the network.
    CompletableFuture<Provenance> provenance();

    /// This asker has found that the bytes cannot be what the digest promises (they don't unpack, say).
    /// What has landed is not kept for a later fetch then, unless the verdict says that it is the blob
    /// after all.
    void doubt();

    /// Known size in bytes; empty until the asker, the server or the end of the body told.
    OptionalLong size();

    /// Reads at least one byte at `position`, waiting until it is there. Returns -1 at the end, which
    /// is only reported once the size is known and is *not* a verdict. ArrivalFailedException as soon
    /// as the fetch has failed or the blob was rejected (also for bytes that had landed);
    /// InterruptedException when this thread is interrupted, with no effect on others. A blocked read
    /// counts as a [#want] of what it waits for.
    int read(long position, ByteBuffer into) throws IOException, InterruptedException;

    /// This asker will not read before `position` again. A hint: what nobody else reads either need not stay
    /// in memory.
    default void spent(long position) {}

    /// Completes (never exceptionally) when the blob is verified and durable, rejected, or the fetch
    /// failed. Dependents run on the store's own thread: keep them short or hop threads.
    CompletableFuture<Verdict> verdict();

    /// Runs `hook` with the verdict, while the store itself still holds the blob (whoever opens it then keeps
    /// it, though this handle may long be closed) and before [#verdict] completes. On the store's own thread,
    /// or on the caller's when the verdict is known: keep it short.
    default void heed(Consumer<Verdict> hook) {
        var _ = verdict().thenAccept(hook);
    }

    /// Waits for the verdict.
    default Verdict await() throws InterruptedException {
        try {
            return verdict().get();
        } catch (java.util.concurrent.ExecutionException impossible) {
            throw new IllegalStateException("a verdict never completes exceptionally", impossible);
        }
    }

    /// Waits for the verdict and returns the size; ArrivalFailedException unless the blob was verified.
    default long awaitVerified() throws IOException, InterruptedException {
        return switch (await()) {
            case Verdict.Verified(long size) -> size;
            case Verdict.Rejected rejected -> throw new ArrivalFailedException(digest(), rejected);
            case Verdict.Failed failed -> throw new ArrivalFailedException(digest(), failed);
        };
    }

    /// Bytes that can be read from position 0 on without waiting.
    long available();

    /// Bytes that can be read from `position` on without waiting.
    long available(long position);

    /// Asks for a range ahead of others; a hint that may be forgotten when there are very many.
    void want(ByteRange range, Priority priority);

    Progress progress();

    /// This asker leaves; reads through this handle fail from now on. Repeating it is fine.
    @Override
    void close();
}
