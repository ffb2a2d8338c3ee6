package io.slipway.snapshotter.diff;

import io.slipway.cas.Descriptor;
import io.slipway.linux.Mount;
import java.util.List;
import java.util.Map;

/// A stored layer to be applied onto mounts.
///
/// @param layer the packed blob; an annotation `containerd.io/uncompressed` is the diff id it must have
/// @param sync whether the file system is to be on disk on return
/// @param payloads for stream processors, by their id; each a `google.protobuf.Any`
record PlaceRequest(
        String namespace, Descriptor layer, List<Mount> mounts, boolean sync, Map<String, byte[]> payloads) {
    PlaceRequest {
        mounts = List.copyOf(mounts);
        payloads = Map.copyOf(payloads);
    }
}
