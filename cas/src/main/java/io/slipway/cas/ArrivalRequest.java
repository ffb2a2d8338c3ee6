package io.slipway.cas;

import java.util.OptionalLong;

/// Who wants which blob.
///
/// @param size bytes, when the asker knows (from a descriptor); a body of any other size is rejected
///     for this asker
/// @param provenance where its fetch takes it from; recorded with the blob when that fetch brought
///     bytes of it. Requests with the same provenance are the same to upstream: what one may read, all
///     may
/// @param origin who is answerable for the bytes until they are verified: the registry, and the way it
///     is reached where that is not the configured one. Only askers of one origin share a fetch, follow
///     each other's unverified bytes, and resume what was left: a bad registry spoils nobody's pull but
///     its own
/// @param why one phrase for logs and progress, such as `layer of docker.io/library/nginx:1`
public record ArrivalRequest(Digest digest, OptionalLong size, Provenance provenance, String origin, String why) {

    /// The origin is the provenance's host.
    public ArrivalRequest(Digest digest, OptionalLong size, Provenance provenance, String why) {
        this(digest, size, provenance, provenance.host(), why);
    }

    public ArrivalRequest {
        if (size.isPresent() && size.getAsLong() < 0) {
            throw new IllegalArgumentException("size " + size.getAsLong() + " is negative");
        }
    }
}
