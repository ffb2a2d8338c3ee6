package io.slipway.cas;

/// A request that cannot be served, in containerd's error classes.
///
/// Thrown by what the daemon's API calls; [io.slipway.cas.grpc.GrpcServices] turns it into the gRPC status of
/// the same name. The message says what happened to which object; containerd's texts are kept where clients
/// look at them. The `slipway` command line derives its exit code from the class: NOT_FOUND 3;
/// PERMISSION_DENIED and UNAUTHENTICATED 4; UNAVAILABLE and DEADLINE_EXCEEDED 5; DATA_LOSS 6;
/// RESOURCE_EXHAUSTED 7; INVALID_ARGUMENT 2 for a malformed reference; everything else 1.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// containerd's error classes (containerd-semantics: errors), one gRPC status each.
    public enum Code {
        INVALID_ARGUMENT,
        NOT_FOUND,
        ALREADY_EXISTS,
        FAILED_PRECONDITION,
        /// Not reachable, rate limited, or locked by somebody else: the same request may succeed later.
        UNAVAILABLE,
        UNIMPLEMENTED,
        OUT_OF_RANGE,
        PERMISSION_DENIED,
        UNAUTHENTICATED,
        /// No space, read-only, an I/O error of the disk, or a named bound reached.
        RESOURCE_EXHAUSTED,
        /// Digest, size or format of content is wrong.
        DATA_LOSS,
        DEADLINE_EXCEEDED,
        CANCELLED,
        ABORTED,
        INTERNAL,
        UNKNOWN
    }

    private final Code code;

    /// An error of class `code` about what `message` says.
    public ApiException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /// As above, with the failure behind it.
    public ApiException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /// The class of this error.
    public Code code() {
        return code;
    }

    /// INVALID_ARGUMENT, `<what>: invalid argument`.
    public static ApiException invalid(String what) {
        return new ApiException(Code.INVALID_ARGUMENT, what + ": invalid argument");
    }

    /// NOT_FOUND, `<what>: not found`.
    public static ApiException notFound(String what) {
        return new ApiException(Code.NOT_FOUND, what + ": not found");
    }

    /// ALREADY_EXISTS, `<what>: already exists`.
    public static ApiException alreadyExists(String what) {
        return new ApiException(Code.ALREADY_EXISTS, what + ": already exists");
    }

    /// FAILED_PRECONDITION, `<what>: failed precondition`.
    public static ApiException failedPrecondition(String what) {
        return new ApiException(Code.FAILED_PRECONDITION, what + ": failed precondition");
    }

    /// UNAVAILABLE, `<what>: unavailable`.
    public static ApiException unavailable(String what) {
        return new ApiException(Code.UNAVAILABLE, what + ": unavailable");
    }

    /// UNIMPLEMENTED, `<what>: not implemented`.
    public static ApiException unimplemented(String what) {
        return new ApiException(Code.UNIMPLEMENTED, what + ": not implemented");
    }
}
