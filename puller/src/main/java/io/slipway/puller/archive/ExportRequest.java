package io.slipway.puller.archive;

import io.slipway.puller.Platform;
import java.util.List;
import java.util.Optional;

/// Which images to write into an archive.
///
/// @param namespace has them
/// @param names of image records, in the order of the archive's index
/// @param platforms which manifests of an index; empty means all that are there
/// @param format of the archive
/// @param dockerManifest whether an OCI layout also gets the `manifest.json` that `docker load` reads
/// @param lease lease that holds what is written; empty lets the export have its own
public record ExportRequest(
        String namespace,
        List<String> names,
        List<Platform> platforms,
        ArchiveFormat format,
        boolean dockerManifest,
        Optional<String> lease) {
    /// Copies the collections.
    public ExportRequest {
        names = List.copyOf(names);
        platforms = List.copyOf(platforms);
    }
}
