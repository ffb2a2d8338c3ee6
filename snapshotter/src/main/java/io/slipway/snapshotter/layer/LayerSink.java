package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Receives one layer: its entries in order, and on wish the raw stream. One thread at a time.
///
/// A failure of [#entry] or [#finish] is final: close the sink and throw away what it made. After [#finish] the
/// layer is whole except for what only the layers below can say, which [LayerNotes] lists.
public interface LayerSink extends AutoCloseable {
    /// Takes one entry. Its data, if wanted, is read from `data` during this call, each run with its offset in
    /// the file ([TarReader#dataOffset]); offsets that are skipped are holes up to [TarEntry#size].
    /// [TarReader#position] is the place in the uncompressed stream.
    void entry(TarEntry entry, TarReader data) throws IOException, InterruptedException;

    /// Whether [#stream] is to be called with every byte of the uncompressed stream, before the entries made of
    /// it.
    default boolean wantsStream() {
        return false;
    }

    /// A run of the uncompressed stream, valid during the call.
    default void stream(ByteBuffer run, long position) throws IOException {}

    /// After the last entry.
    LayerNotes finish() throws IOException, InterruptedException;

    /// Frees descriptors; removes nothing.
    @Override
    void close();
}
