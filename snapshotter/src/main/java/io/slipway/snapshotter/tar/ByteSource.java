package io.slipway.snapshotter.tar;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Bytes in order, in runs that their owner lends.
@FunctionalInterface
public interface ByteSource {
    /// The next run, not empty, valid until the next call; null at the end, and again when asked again.
    @Nullable
    ByteBuffer next() throws IOException, InterruptedException;
}
