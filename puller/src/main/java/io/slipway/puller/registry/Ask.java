package io.slipway.puller.registry;

import io.slipway.puller.http.WireRequest.Lane;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Map;

/// One question to a registry, whichever endpoint gets it.
///
/// @param repository without host
/// @param object `manifests/<ref>` or `blobs/<digest>`
/// @param headers of the request, such as Accept and Range
/// @param what for messages, such as `manifest docker.io/library/debian:12`
public record Ask(
        HttpMethod method, String repository, String object, Map<String, String> headers, Lane lane, String what) {
    /// What every manifest request accepts: registries answer 404 for types that are not named, even with `*/*`
    /// (specs: oci-distribution 3).
    public static final String MANIFEST_TYPES = "application/vnd.docker.distribution.manifest.v2+json,"
            + " application/vnd.docker.distribution.manifest.list.v2+json,"
            + " application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*";

    /// Copies the headers.
    public Ask {
        headers = Map.copyOf(headers);
    }

    /// HEAD or GET of a manifest.
    public static Ask manifest(HttpMethod method, String repository, String reference, String what) {
        return new Ask(
                method, repository, "manifests/" + reference, Map.of("Accept", MANIFEST_TYPES), Lane.SMALL, what);
    }

    /// HEAD of a blob.
    public static Ask blobHead(String repository, String digest, String what) {
        return new Ask(HttpMethod.HEAD, repository, "blobs/" + digest, Map.of("Accept", "*/*"), Lane.SMALL, what);
    }

    /// GET of a blob or a range of it, as `Range` says.
    public static Ask blob(String repository, String digest, Map<String, String> rangeHeaders, String what) {
        return new Ask(HttpMethod.GET, repository, "blobs/" + digest, rangeHeaders, Lane.BULK, what);
    }

    /// The values for the wire.
    Map<String, List<String>> wireHeaders() {
        Map<String, List<String>> all = new java.util.HashMap<>();
        headers.forEach((name, value) -> all.put(name, List.of(value)));
        return all;
    }
}
