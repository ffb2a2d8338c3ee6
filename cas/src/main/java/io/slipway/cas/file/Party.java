package io.slipway.cas.file;

import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Fetch;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The askers of one [Reception] that are the same to upstream, for they brought the same provenance.
/// Their fetch is run once; when it fails they have failed, whatever becomes of the others.
final class Party {

    private final ArrivalRequest request;
    private final Fetch fetch;
    private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
    private final CompletableFuture<Verdict> heeded = new CompletableFuture<>();
    private volatile boolean brought;
    private volatile @Nullable ArrivalFailedException failure;

    /// Handles that are open. Guarded by the reception's monitor.
    private int present;

    /// @param request of the first of them, whose fetch it is
    Party(ArrivalRequest request, Fetch fetch) {
        this.request = request;
        this.fetch = fetch;
    }

    Fetch fetch() {
        return fetch;
    }

    Provenance provenance() {
        return request.provenance();
    }

    /// What its fetch may count on.
    OptionalLong expected() {
        return request.size();
    }

    /// The reception's, or an earlier one of its own.
    CompletableFuture<Verdict> verdict() {
        return verdict;
    }

    /// The same, before the store lets go of the blob.
    CompletableFuture<Verdict> heeded() {
        return heeded;
    }

    /// Readers of this party get this.
    @Nullable
    ArrivalFailedException failure() {
        return failure;
    }

    /// Its fetch has failed; the caller wakes those who wait.
    void fail(Digest digest, Verdict ended) {
        failure = ArrivalFailedException.of(digest, ended);
    }

    /// Bytes have landed that its fetch brought.
    void bring() {
        brought = true;
    }

    boolean brought() {
        return brought;
    }

    void enter() {
        present++;
    }

    void leave() {
        present--;
    }

    boolean isPresent() {
        return present > 0;
    }
}
