package io.slipway.runtime;

import io.vertx.grpc.common.GrpcStatus;

/// A call that ended with another status than OK, as the client sees it.
public final class GrpcFailure extends Exception {
    private static final long serialVersionUID = 1;

    private final GrpcStatus status;

    GrpcFailure(GrpcStatus status, String message) {
        super(message);
        this.status = status;
    }

    public GrpcStatus status() {
        return status;
    }
}
