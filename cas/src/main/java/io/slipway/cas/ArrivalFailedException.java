package io.slipway.cas;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A follower of an arrival learns that the blob will not come: it was rejected or its fetch failed.
public final class ArrivalFailedException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient Digest digest;
    private final transient Verdict verdict;

    public ArrivalFailedException(Digest digest, Verdict.Rejected rejected) {
        super(digest + ": " + rejected.reason());
        this.digest = digest;
        this.verdict = rejected;
    }

    public ArrivalFailedException(Digest digest, Verdict.Failed failed) {
        super(digest + ": " + message(failed.cause()), failed.cause());
        this.digest = digest;
        this.verdict = failed;
    }

    /// The failure that a verdict other than Verified is.
    public static ArrivalFailedException of(Digest digest, Verdict ended) {
        return switch (ended) {
            case Verdict.Failed failed -> new ArrivalFailedException(digest, failed);
            case Verdict.Rejected rejected -> new ArrivalFailedException(digest, rejected);
            case Verdict.Verified _ -> throw new IllegalStateException("a verified blob is no failure");
        };
    }

    public Digest digest() {
        return digest;
    }

    /// [Verdict.Rejected] or [Verdict.Failed].
    public Verdict verdict() {
        return verdict;
    }

    /// DATA_LOSS when the bytes were wrong, RESOURCE_EXHAUSTED when the local disk refused, the code of an
    /// ApiException that the fetch threw, otherwise UNAVAILABLE.
    public ApiException.Code code() {
        return switch (verdict) {
            case Verdict.Failed(StoreException _) -> ApiException.Code.RESOURCE_EXHAUSTED;
            case Verdict.Failed(ApiException e) -> e.code();
            case Verdict.Failed _ -> ApiException.Code.UNAVAILABLE;
            case Verdict.Rejected _, Verdict.Verified _ -> ApiException.Code.DATA_LOSS;
        };
    }

    /// The same failure for one more follower, with that follower's stack.
    public ArrivalFailedException again() {
        return of(digest, verdict);
    }

    private static String message(Throwable cause) {
        @Nullable String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
