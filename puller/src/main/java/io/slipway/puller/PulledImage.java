package io.slipway.puller;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import java.util.List;
import java.util.Optional;

/// What a pull left behind.
///
/// @param imageName name of the image record
/// @param target what the record points at: an index or a manifest
/// @param manifests the platform manifests that were fetched, in order of preference
public record PulledImage(String imageName, Descriptor target, List<PulledManifest> manifests) {
    /// Copies the list.
    public PulledImage {
        manifests = List.copyOf(manifests);
    }

    /// One manifest with everything it names.
    ///
    /// @param platform as the index or the config says; empty for artifacts
    /// @param chainId name of the unpacked snapshot; empty when it was not unpacked
    public record PulledManifest(
            Descriptor descriptor,
            Descriptor config,
            List<Descriptor> layers,
            Optional<Platform> platform,
            Optional<Digest> chainId) {
        /// Copies the list.
        public PulledManifest {
            layers = List.copyOf(layers);
        }
    }
}
