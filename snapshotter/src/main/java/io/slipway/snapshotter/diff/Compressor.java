package io.slipway.snapshotter.diff;

import io.slipway.snapshotter.tar.ByteSink;
import java.io.IOException;

/// Packs a stream on its way to a sink. One thread gives; packing may use others. [#finish] once at the end;
/// closing without it throws the rest away. The sink is called on the giver's thread only and stays its own.
interface Compressor extends ByteSink, AutoCloseable {
    /// Writes out what is left and the end of the format.
    void finish() throws IOException, InterruptedException;

    @Override
    void close();
}
