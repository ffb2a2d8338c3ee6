package io.slipway.snapshotter;

import io.slipway.cas.Arrival;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;

/// One layer to unpack.
///
/// @param descriptor the compressed blob; its media type chooses the decompressor
/// @param diffId digest of the uncompressed tar, from the image config
/// @param arrival follows the blob's bytes; [ImageUnpack#unpack] takes it over and closes it, also when it is
/// not needed
public record UnpackLayer(Descriptor descriptor, Digest diffId, Arrival arrival) {}
