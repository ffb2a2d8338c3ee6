package io.slipway.cas.grpc;

import java.util.Optional;

/// The messages a client sends on one call, in order. One reader, on the handler's thread.
public interface In<T> {
    /// Waits for the next message.
    ///
    /// @return the message, or empty once the client has finished sending
    /// @throws InterruptedException when the client cancelled the call or the server stops
    Optional<T> next() throws InterruptedException;
}
