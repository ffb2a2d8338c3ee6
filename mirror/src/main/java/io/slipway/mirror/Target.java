package io.slipway.mirror;

/// What a request path names, before anyone has looked at hosts, methods or content. Names and references are as
/// the path gave them, percent-decoded, in at least one non-empty component; their grammar is checked where they
/// get a meaning.
sealed interface Target {

    /// `/v2/`
    record Base() implements Target {}

    /// `/v2/NAME/manifests/REFERENCE`
    record Manifest(String name, String reference) implements Target {}

    /// `/v2/NAME/blobs/DIGEST`
    record Blob(String name, String digest) implements Target {}

    /// `/v2/NAME/tags/list`
    record Tags(String name) implements Target {}

    /// `/v2/NAME/referrers/DIGEST`
    record Referrers(String name, String digest) implements Target {}

    /// `/v2/NAME/blobs/uploads/[ID]`; the id is empty where a new upload is asked for
    record Upload(String name, String id) implements Target {}

    /// `/v2/_catalog`
    record Catalog() implements Target {}

    /// Nothing of the distribution API.
    record Unknown() implements Target {}

    /// The metrics' word for it.
    default MirrorMetrics.Kind kind() {
        return switch (this) {
            case Base() -> MirrorMetrics.Kind.BASE;
            case Manifest _ -> MirrorMetrics.Kind.MANIFEST;
            case Blob _ -> MirrorMetrics.Kind.BLOB;
            case Tags _ -> MirrorMetrics.Kind.TAGS;
            case Referrers _ -> MirrorMetrics.Kind.REFERRERS;
            case Upload _ -> MirrorMetrics.Kind.UPLOAD;
            case Catalog(), Unknown() -> MirrorMetrics.Kind.OTHER;
        };
    }
}
