package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.tar.ByteSource;

/// A layer's uncompressed bytes in order, in bounded direct buffers it lends. One thread; whoever opened it
/// closes it, also after a failure. It may read ahead and use threads of its own.
///
/// Damaged or truncated input is an [java.io.IOException]; a failed fetch is
/// [io.slipway.cas.ArrivalFailedException].
public interface Decompressor extends ByteSource, AutoCloseable {
    /// Bytes of the blob taken so far.
    long compressed();

    @Override
    void close();
}
