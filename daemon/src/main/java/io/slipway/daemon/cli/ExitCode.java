package io.slipway.daemon.cli;

import io.vertx.grpc.common.GrpcStatus;

/// What the command line's own failures exit with. `run` is different: it exits with the code of the
/// process it ran, and with the codes of [RunExit] when there was none.
enum ExitCode {
    OK(0),
    /// Anything without a code of its own.
    FAILED(1),
    /// Bad arguments or a malformed reference.
    USAGE(2),
    /// No such image, blob or container.
    NOT_FOUND(3),
    /// Refused by the registry or by policy.
    REFUSED(4),
    /// Not reachable, timed out, rate-limited.
    UNREACHABLE(5),
    /// Digest, size or format wrong.
    BAD_DATA(6),
    /// No space, read-only, I/O.
    STORAGE(7);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /// The exit code for a call that the daemon answered with `status`. INVALID_ARGUMENT is a malformed reference only
    /// for commands that pass one on; they say so with `argumentIsReference`.
    static ExitCode of(GrpcStatus status, boolean argumentIsReference) {
        return switch (status) {
            case OK -> OK;
            case NOT_FOUND -> NOT_FOUND;
            case PERMISSION_DENIED, UNAUTHENTICATED -> REFUSED;
            case UNAVAILABLE, DEADLINE_EXCEEDED -> UNREACHABLE;
            case DATA_LOSS -> BAD_DATA;
            case RESOURCE_EXHAUSTED -> STORAGE;
            case INVALID_ARGUMENT -> argumentIsReference ? USAGE : FAILED;
            case CANCELLED,
                    UNKNOWN,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED,
                    INTERNAL -> FAILED;
        };
    }
}
