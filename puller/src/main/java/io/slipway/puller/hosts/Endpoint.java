package io.slipway.puller.hosts;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One server that may be asked for content of a registry.
///
/// @param scheme how to start
/// @param authority `host[:port]` as written, which is what credentials belong to
/// @param path prefix of every request, normally `/v2`; may be empty
/// @param capabilities what it may be asked for
/// @param tls trust and client certificates, loaded
/// @param headers added to every request to this host
/// @param dialTimeout TCP connect limit, where configured
public record Endpoint(
        Scheme scheme,
        String authority,
        String path,
        Set<Capability> capabilities,
        TlsIdentity tls,
        Map<String, List<String>> headers,
        Optional<Duration> dialTimeout) {
    /// Copies the collections.
    public Endpoint {
        capabilities = Set.copyOf(capabilities);
        headers = Map.copyOf(headers);
    }

    /// Which of plain HTTP and TLS is spoken.
    public enum Scheme {
        HTTP,
        HTTPS,
        /// https first; http when that shows a server without TLS. The outcome is remembered per host and port.
        HTTPS_THEN_HTTP
    }

    /// Whether it may be asked for this.
    public boolean can(Capability capability) {
        return capabilities.contains(capability);
    }

    /// The value of the `ns` query parameter for content of `namespace`, present when this host is a proxy for it.
    public Optional<String> ns(String namespace) {
        boolean same = authority.equals(namespace)
                || (namespace.equals("docker.io") && authority.equals(HostNames.DOCKER_HUB_ENDPOINT));
        return same ? Optional.empty() : Optional.of(namespace);
    }
}
