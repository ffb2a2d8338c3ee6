package io.slipway.puller;

import io.slipway.cas.ApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// A registry (or the way to it) said no. Carries what kind of no, which host said it and what the reader can do.
/// The message is one line: what happened; what to do. It never holds a credential, token or query string.
public final class RegistryException extends IOException {
    private static final long serialVersionUID = 1L;

    /// The kinds of failure. Nobody parses messages.
    public enum Code {
        /// 404: no such repository, tag, manifest or blob on any host.
        NOT_FOUND(ApiException.Code.NOT_FOUND),
        /// 401 after all attempts: credentials missing or refused.
        UNAUTHENTICATED(ApiException.Code.UNAUTHENTICATED),
        /// 403.
        DENIED(ApiException.Code.PERMISSION_DENIED),
        /// The address policy forbids dialling there; no connection was opened.
        ADDRESS_REFUSED(ApiException.Code.PERMISSION_DENIED),
        /// A token realm, redirect or other target that credentials must not be sent to.
        UNTRUSTED_TARGET(ApiException.Code.PERMISSION_DENIED),
        /// Name resolution, connection, TLS, a cut connection, or 5xx.
        UNREACHABLE(ApiException.Code.UNAVAILABLE),
        /// No answer, or no bytes, within the bound.
        TIMEOUT(ApiException.Code.DEADLINE_EXCEEDED),
        /// 429 after all attempts.
        RATE_LIMITED(ApiException.Code.UNAVAILABLE),
        /// Bytes whose digest or size is not the promised one.
        DIGEST_MISMATCH(ApiException.Code.DATA_LOSS),
        /// An answer that is not what the protocol or the image format allows.
        BAD_FORMAT(ApiException.Code.DATA_LOSS),
        /// Media types or manifests this program does not handle (schema 1, unknown types).
        UNSUPPORTED(ApiException.Code.DATA_LOSS),
        /// More bytes than the named bound for this kind of answer.
        TOO_LARGE(ApiException.Code.DATA_LOSS),
        /// Configuration in the way: unreadable CA or key, bad header.
        CONFIGURATION(ApiException.Code.FAILED_PRECONDITION),
        /// No host of the list may do what is asked (capabilities, own listeners skipped).
        NO_HOST(ApiException.Code.NOT_FOUND);

        private final ApiException.Code api;

        Code(ApiException.Code api) {
            this.api = api;
        }

        /// The class of this failure in containerd's API.
        public ApiException.Code api() {
            return api;
        }
    }

    private final Code code;
    private final String host;
    private final transient Optional<Duration> retryAfter;

    /// @param host the host that failed, `host[:port]`; empty when none was reached
    public RegistryException(Code code, String host, String message) {
        this(code, host, message, Optional.empty(), null);
    }

    /// With the failure underneath.
    public RegistryException(Code code, String host, String message, Throwable cause) {
        this(code, host, message, Optional.empty(), cause);
    }

    /// With the time the host asked to wait.
    public static RegistryException withRetryAfter(
            Code code, String host, String message, Optional<Duration> retryAfter) {
        return new RegistryException(code, host, message, retryAfter, null);
    }

    private RegistryException(
            Code code,
            String host,
            String message,
            Optional<Duration> retryAfter,
            @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.host = host;
        this.retryAfter = retryAfter;
    }

    /// What kind of failure.
    public Code code() {
        return code;
    }

    /// Which host, `host[:port]`, or empty.
    public String host() {
        return host;
    }

    /// How long the host asked to wait, when it did (429, 503).
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /// Of two failures of the same question at two hosts, the one that got further and so tells more: no connection
    /// is less than 404, 404 less than any other refusal.
    public static RegistryException further(RegistryException one, RegistryException other) {
        return other.rank() > one.rank() ? other : one;
    }

    private int rank() {
        return switch (code) {
            case NO_HOST -> 0;
            case UNREACHABLE, TIMEOUT -> 1;
            case NOT_FOUND -> 2;
            case RATE_LIMITED -> 3;
            case ADDRESS_REFUSED, UNTRUSTED_TARGET, CONFIGURATION -> 4;
            case UNAUTHENTICATED, DENIED -> 5;
            case BAD_FORMAT, UNSUPPORTED, TOO_LARGE, DIGEST_MISMATCH -> 6;
        };
    }

    /// The same failure for containerd's API.
    public ApiException toApi() {
        return new ApiException(code.api(), String.valueOf(getMessage()), this);
    }
}
