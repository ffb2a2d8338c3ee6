package io.slipway.puller.hosts;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// An endpoint as a hosts.toml describes it, certificate files still unread.
record HostEntry(
        Endpoint.Scheme scheme,
        String authority,
        String path,
        Set<Capability> capabilities,
        TlsFiles tls,
        Map<String, List<String>> headers,
        Optional<Duration> dialTimeout) {
    HostEntry {
        capabilities = Set.copyOf(capabilities);
        headers = Map.copyOf(headers);
    }
}
