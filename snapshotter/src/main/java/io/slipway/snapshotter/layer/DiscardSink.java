package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarReader;

/// Keeps nothing: what is wanted is the digest of the stream, and that it is a tar.
public final class DiscardSink implements LayerSink {
    @Override
    public void entry(TarEntry entry, TarReader data) {}

    @Override
    public LayerNotes finish() {
        return LayerNotes.NONE;
    }

    @Override
    public void close() {}
}
