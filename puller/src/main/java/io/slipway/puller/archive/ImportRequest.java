package io.slipway.puller.archive;

import io.slipway.puller.Platform;
import io.slipway.puller.PullRequest.UnpackTarget;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What to make of an archive.
///
/// @param namespace receives images and content
/// @param base repository for images of which the archive tells only the tag, or nothing
/// @param naming how names are made
/// @param labels of the image records
/// @param platforms which manifests of an index must be there and are taken; empty means all that are there
/// @param unpacks into which snapshotters to unpack; empty means store only
/// @param lease lease that collects what comes; empty lets the import have its own
public record ImportRequest(
        String namespace,
        String base,
        Naming naming,
        Map<String, String> labels,
        List<Platform> platforms,
        List<UnpackTarget> unpacks,
        Optional<String> lease) {
    /// Copies the collections.
    public ImportRequest {
        labels = Map.copyOf(labels);
        platforms = List.copyOf(platforms);
        unpacks = List.copyOf(unpacks);
    }

    /// How images are named.
    ///
    /// @param onlyBase full names that do not begin with the base are passed over
    /// @param digests a record `BASE@DIGEST` for each image
    /// @param digestsOfNameless only for those without another name
    public record Naming(boolean onlyBase, boolean digests, boolean digestsOfNameless) {}
}
