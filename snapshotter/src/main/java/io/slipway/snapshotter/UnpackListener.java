package io.slipway.snapshotter;

import io.slipway.cas.Digest;

/// Hears how far each layer is; a layer is named by the digest of its blob and its place (0 = bottom), as one
/// blob can stand twice in an image. Called from unpacking threads, several at once; must not block.
public interface UnpackListener {
    /// Hears nothing.
    UnpackListener NONE = new UnpackListener() {};

    /// Its bytes are being unpacked.
    default void started(int index, Digest layer) {}

    /// `bytes` of the uncompressed stream are unpacked so far.
    default void progress(int index, Digest layer, long bytes) {}

    /// Its snapshot is committed; `already` when it was there before.
    default void done(int index, Digest layer, boolean already) {}
}
