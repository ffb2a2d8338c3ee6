package io.slipway.snapshotter.diff;

import io.slipway.cas.Descriptor;
import io.slipway.linux.Mount;
import java.util.List;

/// A stored layer to be applied onto mounts.
///
/// @param layer the packed blob; an annotation `containerd.io/uncompressed` is the diff id it must have
/// @param sync whether the file system is to be on disk on return
record PlaceRequest(String namespace, Descriptor layer, List<Mount> mounts, boolean sync) {
    PlaceRequest {
        mounts = List.copyOf(mounts);
    }
}
