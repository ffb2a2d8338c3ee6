package io.slipway.snapshotter;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.util.List;

/// Turns the layers of an image into a chain of committed snapshots named by chain id, all layers at once where
/// the driver can, following bytes that are still arriving. A layer whose snapshot is there is skipped; one
/// that another request is unpacking is joined, so each is inflated once. Nothing is committed before the
/// blob's digest and the diff id are verified.
public interface ImageUnpack {
    /// Starts and returns at once; [Unpacking#await] waits. Takes over the arrivals of the layers, also when it
    /// throws: [io.slipway.cas.ApiException] INVALID_ARGUMENT for an unknown snapshotter, UNIMPLEMENTED for a
    /// media type.
    Unpacking unpack(UnpackRequest request, UnpackListener listener);

    /// Fails with INVALID_ARGUMENT, saying why, unless that snapshotter can be used (empty: the default).
    void require(String snapshotter);

    /// Whether the whole chain is there already (empty snapshotter: the default).
    boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) throws IOException;
}
