package io.slipway.snapshotter.tar;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Takes bytes in order, in runs that are the giver's again when [#write] returns.
@FunctionalInterface
public interface ByteSink {
    /// Takes all that remains in `run` and moves its position to its limit. May block.
    void write(ByteBuffer run) throws IOException, InterruptedException;
}
