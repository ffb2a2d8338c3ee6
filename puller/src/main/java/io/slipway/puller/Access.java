package io.slipway.puller;

import java.util.Optional;

/// On whose behalf and how far a request may reach.
///
/// @param policy which addresses may be dialled
/// @param credentials where to look for credentials when a registry asks for them; empty means anonymous. The
///     configured Docker `config.json` is *not* consulted implicitly: see [Upstreams#configured].
public record Access(AddressPolicy policy, Optional<CredentialSource> credentials) {
    /// Anonymous, any address.
    public static Access anonymous() {
        return new Access(AddressPolicy.ANY, Optional.empty());
    }

    /// Anonymous, public addresses only.
    public static Access anonymousPublic() {
        return new Access(AddressPolicy.PUBLIC_ONLY, Optional.empty());
    }

    /// The same reach with these credentials.
    public Access with(CredentialSource source) {
        return new Access(policy, Optional.of(source));
    }
}
