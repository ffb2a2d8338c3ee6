package io.slipway.puller.hosts;

/// What an endpoint may be asked for.
public enum Capability {
    /// Content by digest.
    PULL,
    /// What a tag stands for.
    RESOLVE,
    PUSH,
    REFERRERS
}
