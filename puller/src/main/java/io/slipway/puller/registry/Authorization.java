package io.slipway.puller.registry;

import java.util.Optional;

/// The value of an `Authorization` header and how it came about.
///
/// @param credentialed whether a credential is behind it; false for anonymous tokens
/// @param token key of the cached token, to forget it when it is refused
record Authorization(String header, boolean credentialed, Optional<Tokens.Key> token) {
    @Override
    public String toString() {
        return "Authorization[credentialed=" + credentialed + "]";
    }
}
