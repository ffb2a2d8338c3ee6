package io.slipway.puller.http;

import java.time.Duration;

/// How long a body has brought nothing while somebody watched. One thread: the body's reader, which looks every few
/// milliseconds.
///
/// Time in which this process did not run is not silence of the peer: what it sent meanwhile waits in the socket. A
/// machine that was suspended, a frozen or throttled control group, a starved reader would otherwise throw away every
/// open range at once and ask for the same bytes again. So between two looks no more counts than looks are apart when
/// all is well.
final class Silence {
    private final long limitNanos;
    private final long betweenLooksNanosMax;
    private long lookedAt;
    private long knownByteAt;
    private long silentNanos;

    /// @param limit silence that is too long
    /// @param betweenLooksMax what counts between two looks at most
    Silence(Duration limit, Duration betweenLooksMax, long now) {
        this.limitNanos = limit.toNanos();
        this.betweenLooksNanosMax = betweenLooksMax.toNanos();
        this.lookedAt = now;
        this.knownByteAt = now;
    }

    /// One look.
    ///
    /// @param byteAt when the last byte came, or when we began to take bytes again
    /// @return whether the silence is too long
    boolean tooLong(long now, long byteAt) {
        if (byteAt != knownByteAt) {
            knownByteAt = byteAt;
            silentNanos = 0;
        }
        silentNanos += Math.min(now - Math.max(lookedAt, byteAt), betweenLooksNanosMax);
        lookedAt = now;
        return silentNanos > limitNanos;
    }
}
