package io.slipway.cas.grpc;

/// The messages a handler sends on one call, in order. One writer, on the handler's thread.
public interface Out<T> {
    /// Sends a message and waits until the transport has taken it, so that a slow client slows its own handler down
    /// and nothing piles up in memory.
    ///
    /// @throws InterruptedException when the client cancelled the call or the server stops
    void write(T message) throws InterruptedException;
}
