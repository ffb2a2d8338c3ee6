package io.slipway.puller;

/// The one way to pull an image: resolve, fetch, unpack, record. Transfer, the command line, prefetch and preheat all
/// call it. Two concurrent pulls of one image share resolve results never, bytes always, unpacking always.
public interface ImagePull {
    /// Pulls and returns when the image record is written. On failure nothing new is visible: blobs that were verified
    /// stay in the store until garbage collection unless another lease or image holds them.
    ///
    /// @throws RegistryException when a registry or its answer is the reason
    /// @throws io.slipway.cas.ApiException when the store, the unpacker or the request is the reason
    /// @throws InterruptedException when the calling thread was interrupted; fetches nobody else follows stop
    PulledImage pull(PullRequest request, PullListener listener) throws RegistryException, InterruptedException;
}
