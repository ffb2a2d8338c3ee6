package io.slipway.puller;

/// Which addresses a request may dial. Checked on the address really dialled: after name resolution, for each address
/// of a name, and again for every redirect and token realm.
public enum AddressPolicy {
    /// Any address; what pulls through the API and the command line use.
    ANY,
    /// Only addresses of the public internet: no loopback, private, link-local, carrier-grade NAT, multicast or
    /// unspecified address and none that maps to one; refused with [RegistryException.Code#ADDRESS_REFUSED] before
    /// a connection is opened. What a mirror uses for upstreams nobody named.
    PUBLIC_ONLY
}
