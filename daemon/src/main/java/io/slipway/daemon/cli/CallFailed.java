package io.slipway.daemon.cli;

import io.vertx.grpc.common.GrpcStatus;

/// A call that the daemon answered with an error, or that lost its connection (UNAVAILABLE).
final class CallFailed extends Exception {
    private static final long serialVersionUID = 1L;

    private final GrpcStatus status;

    CallFailed(GrpcStatus status, String message) {
        super(message);
        this.status = status;
    }

    CallFailed(GrpcStatus status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    GrpcStatus status() {
        return status;
    }

    /// What the daemon said, without the error class that containerd appends (`: not found`).
    String text() {
        String message = getMessage();
        if (message == null || message.isEmpty()) {
            return "the daemon answered " + status;
        }
        String suffix = switch (status) {
            case NOT_FOUND -> ": not found";
            case ALREADY_EXISTS -> ": already exists";
            case INVALID_ARGUMENT -> ": invalid argument";
            case FAILED_PRECONDITION -> ": failed precondition";
            case UNAVAILABLE -> ": unavailable";
            case UNIMPLEMENTED -> ": not implemented";
            case UNKNOWN -> ": unknown";
            default -> "";
        };
        boolean hasMore = !suffix.isEmpty() && message.endsWith(suffix) && message.length() > suffix.length();
        // "container "x": not found" reads worse without its ending; only the meaningless class is cut.
        return hasMore && status != GrpcStatus.NOT_FOUND && status != GrpcStatus.ALREADY_EXISTS
                ? message.substring(0, message.length() - suffix.length())
                : message;
    }

    /// As a failure of a command about `object`.
    CommandFailed about(String object, String todo) {
        return asFailure(object, todo, false);
    }

    /// As a failure of a command whose argument is an image reference: INVALID_ARGUMENT is then a usage error.
    CommandFailed aboutReference(String reference, String todo) {
        return asFailure(reference, todo, true);
    }

    private CommandFailed asFailure(String object, String todo, boolean isReference) {
        String text = text();
        // The daemon's own messages often say what to do already.
        CommandFailed failed =
                new CommandFailed(ExitCode.of(status, isReference), object, text, text.contains("; ") ? "" : todo);
        failed.initCause(this);
        return failed;
    }
}
