package io.slipway.snapshotter;

import java.io.IOException;

/// A running unpack of one image by one asker. Any thread; calls may repeat.
public interface Unpacking {
    /// Waits for the whole chain and returns the name of the top snapshot, which is its chain id
    /// ([ChainIds]); empty for an image without layers.
    ///
    /// Fails with [io.slipway.cas.ApiException]: DATA_LOSS when the layer is not what the digest, the diff id
    /// or the format say (both digests are named), RESOURCE_EXHAUSTED past a quota or without space, CANCELLED
    /// after [#cancel]; with [IOException] when the bytes did not arrive.
    String await() throws IOException, InterruptedException;

    /// This asker leaves. Layers nobody else waits for stop, and what they have written is removed before
    /// [#await] returns.
    void cancel();
}
