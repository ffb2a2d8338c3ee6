package io.slipway.snapshotter.meta;

import java.io.IOException;
import java.util.List;

/// Port: unpacks layers again that a power cut may have damaged, from the blobs in the store, under the names
/// they have.
@FunctionalInterface
public interface Healer {
    /// Returns when the whole chain is sound again.
    ///
    /// @param layers bottom first; those that are sound are left alone
    /// @throws IOException when it can't be done, a blob is no longer there for example
    void heal(String namespace, String snapshotter, List<LayerSource> layers) throws IOException, InterruptedException;
}
