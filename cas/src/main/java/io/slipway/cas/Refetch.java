package io.slipway.cas;

import java.io.IOException;
import java.util.OptionalLong;

/// Port: brings back a blob that the disk has spoiled, from where it came.
@FunctionalInterface
public interface Refetch {

    /// Joins or starts the fetch, as whoever runs the node: anonymously, or with the credentials that are configured
    /// now.
    /// The caller closes the arrival. IOException when that source does not give it.
    Arrival fetch(Wanted wanted, Provenance source) throws IOException, InterruptedException;

    /// @param size bytes, when they were recorded
    /// @param document it is a manifest or an index, which registries serve under another address than blobs
    record Wanted(Digest digest, OptionalLong size, boolean document) {}
}
