package io.slipway.runtime;

import io.slipway.api.types.Envelope;
import java.time.Duration;
import java.util.Optional;

/// One subscriber's view of the [EventExchange]. Taken from by one thread; closed by anyone.
///
/// Events wait in a queue bounded by [#QUEUE_MAX] events and [#QUEUE_BYTES_MAX] bytes. When either is exceeded the
/// subscription ends: what is queued is dropped and the next take fails with RESOURCE_EXHAUSTED, so that a
/// subscriber
/// never believes it has seen everything when it has not. It may subscribe again and look at the state anew.
public interface EventSubscription extends AutoCloseable {
    /// Events that may wait for one subscriber.
    int QUEUE_MAX = 8192;
    /// Bytes of events that may wait for one subscriber.
    int QUEUE_BYTES_MAX = 8 << 20;

    /// Waits for the next event.
    ///
    /// @throws io.slipway.cas.ApiException RESOURCE_EXHAUSTED when this subscriber fell behind; UNAVAILABLE
    ///     when the daemon stops
    Envelope take() throws InterruptedException;

    /// Waits for the next event, at most `limit`.
    Optional<Envelope> poll(Duration limit) throws InterruptedException;

    /// Stops listening and drops what is queued. Twice is fine.
    @Override
    void close();
}
