package io.slipway.snapshotter.meta;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;

/// What a committed snapshot was unpacked from, so that it can be unpacked again.
///
/// @param descriptor the compressed blob
/// @param diffId digest of its uncompressed bytes
public record LayerSource(Descriptor descriptor, Digest diffId) {}
