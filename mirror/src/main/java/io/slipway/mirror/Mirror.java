package io.slipway.mirror;

import io.slipway.cas.Cas;
import io.slipway.puller.Upstreams;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;

/// A running registry mirror. Made by `Mirror.start`, which returns when every listener is open.
///
/// All methods may be called from any thread but an event loop.
public interface Mirror extends AutoCloseable {

    /// Opens every listener and answers from now on. Blocks until they are open (the database may still be
    /// opening).
    ///
    /// @param vertx whose event loops and transport are used; stays the caller's
    /// @param cas the store; stays the caller's and must outlive the mirror
    /// @param upstreams how registries are asked
    /// @throws MirrorAddressException when an address cannot be listened on
    /// @throws IllegalArgumentException when an entry of the options is malformed, naming it
    static Mirror start(Vertx vertx, Cas cas, Upstreams upstreams, MirrorOptions options)
            throws IOException, InterruptedException {
        var store = new RunningMirror.Store(cas.blobs(), cas.contents(), cas.cacheIndex(), cas.metadata());
        return RunningMirror.start(vertx, store, upstreams, options);
    }

    /// The addresses really listened on, in the order of the options: `host:port` with the port that was picked
    /// where 0 was asked (IPv6 hosts in brackets), `unix:PATH` for sockets.
    List<String> addresses();

    /// Requests being answered at this moment.
    int activeRequests();

    /// Body bytes handed to the transport that it has not yet passed on, over all connections. Never above
    /// [MirrorLimits#inflightBytes()].
    long bytesInFlight();

    /// Stops in order: listeners close, requests that are being answered get [MirrorLimits#stopGrace()], then what
    /// is left is cut. Returns when nothing is open any more. A second call does nothing.
    void stop();

    /// The same as [#stop()].
    @Override
    default void close() {
        stop();
    }
}
