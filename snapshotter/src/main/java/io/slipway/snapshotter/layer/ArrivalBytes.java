package io.slipway.snapshotter.layer;

import io.slipway.cas.Arrival;
import java.io.IOException;
import java.nio.ByteBuffer;

/// The blob as it arrives. Leaves the arrival open.
final class ArrivalBytes implements LayerBytes {
    private final Arrival arrival;

    /// Written by the one thread that reads.
    private volatile long position;

    ArrivalBytes(Arrival arrival) {
        this.arrival = arrival;
    }

    @Override
    public int read(ByteBuffer into) throws IOException, InterruptedException {
        long at = position;
        int n = arrival.read(at, into);
        position = at + Math.max(n, 0);
        arrival.spent(position);
        return n;
    }

    @Override
    public boolean isHere() {
        return arrival.available(position) > 0;
    }

    @Override
    public long left() {
        return Math.max(arrival.size().orElse(0) - position, 0);
    }

    @Override
    public void close() {}
}
