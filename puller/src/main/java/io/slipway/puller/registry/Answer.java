package io.slipway.puller.registry;

import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.http.HttpUrl;
import io.slipway.puller.http.WireResponse;

/// A registry's answer after authentication and redirects; its body is not yet read.
///
/// @param url where it really came from
/// @param credentialed whether a credential was part of it
/// @param redirected whether `url` is another origin than the endpoint
public record Answer(WireResponse response, Endpoint endpoint, HttpUrl url, boolean credentialed, boolean redirected) {
    /// The contacted endpoint, `host[:port]`.
    public String host() {
        return endpoint.authority();
    }

    /// Status code.
    public int status() {
        return response.status();
    }

    /// Whether it is what was asked for.
    public boolean ok() {
        return status() == 200 || status() == 206;
    }
}
