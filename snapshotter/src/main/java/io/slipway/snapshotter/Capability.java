package io.slipway.snapshotter;

/// What a driver can do beyond the contract that all share.
public enum Capability {
    /// A layer can be applied without its parents and be given its parent at commit, so that all layers of an
    /// image are applied at once.
    REBASE
}
