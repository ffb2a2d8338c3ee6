package io.slipway.snapshotter.layer;

import java.io.IOException;
import java.nio.ByteBuffer;

/// A layer's bytes in order, before they are decompressed. One thread reads; [#left] may be asked by any.
interface LayerBytes extends AutoCloseable {
    /// Reads at least one byte, waiting for it; -1 at the end.
    int read(ByteBuffer into) throws IOException, InterruptedException;

    /// Whether the next read need not wait.
    boolean isHere();

    /// Bytes of the blob that are still to be read. What is not known to be long is taken to be short.
    long left();

    /// Ends what was started for it. Repeatable.
    @Override
    void close();
}
