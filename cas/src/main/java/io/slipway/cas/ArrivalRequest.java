package io.slipway.cas;

import java.util.OptionalLong;

/// Who wants which blob.
///
/// @param size bytes, when the asker knows (from a descriptor); a body of any other size is rejected
/// @param provenance where the fetch takes it from; recorded with the blob when this request's fetch is the
///     one that ran
/// @param why one phrase for logs and progress, such as `layer of docker.io/library/nginx:1`
public record ArrivalRequest(Digest digest, OptionalLong size, Provenance provenance, String why) {

    public ArrivalRequest {
        if (size.isPresent() && size.getAsLong() < 0) {
            throw new IllegalArgumentException("size " + size.getAsLong() + " is negative");
        }
    }
}
