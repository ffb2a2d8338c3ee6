package io.slipway.mirror;

import io.slipway.cas.Digest;
import java.util.Optional;

/// Digests as they come in paths.
final class Digests {

    private Digests() {}

    /// Empty for anything that is not a digest of a known algorithm in lower case hex.
    static Optional<Digest> read(String text) {
        try {
            return Optional.of(Digest.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
