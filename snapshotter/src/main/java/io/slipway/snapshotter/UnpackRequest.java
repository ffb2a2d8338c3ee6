package io.slipway.snapshotter;

import java.util.List;
import java.util.Optional;

/// An image to unpack.
///
/// @param snapshotter its name; empty means the default
/// @param layers bottom first; none is an image without layers, whose chain is empty
/// @param lease keeps the snapshots until the caller has rooted them; without one they may be collected at once
public record UnpackRequest(String namespace, String snapshotter, List<UnpackLayer> layers, Optional<String> lease) {
    public UnpackRequest {
        layers = List.copyOf(layers);
    }
}
