package io.slipway.cas;

/// Whether a namespace may take a stored blob that it did not bring itself (containerd's
/// `content_sharing_policy`).
public enum SharingPolicy {
    /// A blob that is stored can be linked into any namespace by its digest.
    SHARED,

    /// Who does not see a blob has to bring its bytes, or show that its source has them; unless a namespace sees
    /// it that is labelled `containerd.io/namespace.shareable=true`.
    ISOLATED
}
