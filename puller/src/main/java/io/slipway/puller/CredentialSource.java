package io.slipway.puller;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Finds credentials for one contacted host. Called on a virtual thread, may block, may be called more than once and
/// by several threads; only called after that host has really asked (401).
@FunctionalInterface
public interface CredentialSource {
    /// Credentials for exactly this host.
    ///
    /// @param host the contacted host as configured, `host` or `host:port` (`registry-1.docker.io` for Docker Hub)
    /// @param reference what is being asked for, for a human to read
    /// @param challenges the `WWW-Authenticate` values of the refusal, in order
    /// @return empty when there are none; the request then stays anonymous
    /// @throws IOException when looking fails; the request fails with it
    Optional<Credential> find(String host, String reference, List<String> challenges)
            throws IOException, InterruptedException;

    /// The same credential for every host that asks.
    static CredentialSource always(Credential credential) {
        return (host, reference, challenges) -> Optional.of(credential);
    }

    /// The credential for one host only.
    static CredentialSource forHost(String onlyHost, Credential credential) {
        return (host, reference, challenges) ->
                host.equalsIgnoreCase(onlyHost) ? Optional.of(credential) : Optional.empty();
    }
}
