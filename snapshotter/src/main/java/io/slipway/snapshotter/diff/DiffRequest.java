package io.slipway.snapshotter.diff;

import io.slipway.linux.Mount;
import io.slipway.linux.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A layer to be made.
///
/// @param left mounts of the tree below; none is an empty one
/// @param right mounts of the changed tree
/// @param ref names the ingest; empty means one of its own
/// @param labels of the blob, beside that of its diff id
/// @param latest times after it are written as it (SOURCE_DATE_EPOCH)
record DiffRequest(
        String namespace,
        Optional<String> lease,
        List<Mount> left,
        List<Mount> right,
        LayerType type,
        String ref,
        Map<String, String> labels,
        Optional<Timestamp> latest) {
    DiffRequest {
        left = List.copyOf(left);
        right = List.copyOf(right);
        labels = Map.copyOf(labels);
    }
}
