package io.slipway.puller.http;

import io.slipway.puller.AddressPolicy;
import io.slipway.puller.hosts.TlsIdentity;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One request, complete.
///
/// @param headers may hold credentials: never logged
/// @param body for POST
/// @param lane which pool of connections it uses
public record WireRequest(
        HttpMethod method,
        HttpUrl url,
        Map<String, List<String>> headers,
        Optional<String> body,
        TlsIdentity tls,
        AddressPolicy policy,
        Duration connectTimeout,
        Lane lane) {
    /// Small answers never wait behind blob bodies.
    public enum Lane {
        SMALL,
        BULK
    }
}
