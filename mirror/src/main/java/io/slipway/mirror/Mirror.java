package io.slipway.mirror;

import java.util.List;

/// A running registry mirror. Made by `Mirror.start`, which returns when every listener is open.
///
/// All methods may be called from any thread but an event loop.
public interface Mirror extends AutoCloseable {

    /// The addresses really listened on, in the order of the options: `host:port` with the port that was picked where 0
    /// was
    /// asked (IPv6 hosts in brackets), `unix:PATH` for sockets.
    List<String> addresses();

    /// Requests being answered at this moment.
    int activeRequests();

    /// Body bytes handed to the transport that it has not yet passed on, over all connections. Never above
    /// [MirrorLimits#inflightBytes()].
    long bytesInFlight();

    /// Stops in order: listeners close, requests that are being answered get [MirrorLimits#stopGrace()], then what is
    /// left
    /// is cut. Returns when nothing is open any more. A second call does nothing.
    void stop();

    /// The same as [#stop()].
    @Override
    default void close() {
        stop();
    }
}
