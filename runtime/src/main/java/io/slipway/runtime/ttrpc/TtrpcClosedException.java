package io.slipway.runtime.ttrpc;

import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/// The connection is gone; whether the peer has carried out the call is not known.
public final class TtrpcClosedException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    TtrpcClosedException(String peer, @Nullable Throwable cause) {
        super("ttrpc: closed: " + peer, cause);
    }
}
