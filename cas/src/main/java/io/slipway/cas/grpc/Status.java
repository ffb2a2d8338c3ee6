package io.slipway.cas.grpc;

import io.slipway.cas.ApiException;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;

/// The one place where what a handler throws becomes a gRPC status.
record Status(GrpcStatus code, String message, boolean isBug) {
    static Status of(Throwable cause, boolean cancelled) {
        return switch (cause) {
            case ApiException e -> new Status(code(e.code()), text(e), false);
            case InterruptedException _ ->
                cancelled
                        ? new Status(GrpcStatus.CANCELLED, "the call was cancelled", false)
                        : new Status(GrpcStatus.UNAVAILABLE, "the daemon is stopping", false);
            case IOException e -> new Status(GrpcStatus.UNKNOWN, text(e), false);
            default -> new Status(GrpcStatus.INTERNAL, text(cause), true);
        };
    }

    private static String text(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    private static GrpcStatus code(ApiException.Code code) {
        return switch (code) {
            case INVALID_ARGUMENT -> GrpcStatus.INVALID_ARGUMENT;
            case NOT_FOUND -> GrpcStatus.NOT_FOUND;
            case ALREADY_EXISTS -> GrpcStatus.ALREADY_EXISTS;
            case FAILED_PRECONDITION -> GrpcStatus.FAILED_PRECONDITION;
            case UNAVAILABLE -> GrpcStatus.UNAVAILABLE;
            case UNIMPLEMENTED -> GrpcStatus.UNIMPLEMENTED;
            case OUT_OF_RANGE -> GrpcStatus.OUT_OF_RANGE;
            case PERMISSION_DENIED -> GrpcStatus.PERMISSION_DENIED;
            case UNAUTHENTICATED -> GrpcStatus.UNAUTHENTICATED;
            case RESOURCE_EXHAUSTED -> GrpcStatus.RESOURCE_EXHAUSTED;
            case DATA_LOSS -> GrpcStatus.DATA_LOSS;
            case DEADLINE_EXCEEDED -> GrpcStatus.DEADLINE_EXCEEDED;
            case CANCELLED -> GrpcStatus.CANCELLED;
            case ABORTED -> GrpcStatus.ABORTED;
            case INTERNAL -> GrpcStatus.INTERNAL;
            case UNKNOWN -> GrpcStatus.UNKNOWN;
        };
    }
}
