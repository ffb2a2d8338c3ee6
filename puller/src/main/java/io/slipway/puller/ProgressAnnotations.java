package io.slipway.puller;

/// Annotations on the descriptor of a Transfer progress message, beside those that the manifest gave the blob: what
/// containerd's message has no field for. Clients that do not know them see containerd's events as ever. The
/// values are one short phrase each; an annotation that has nothing to say is left out.
public final class ProgressAnnotations {
    /// Where the blob is on its way: `queued`, `fetching`, `verifying`, `unpacking`, `exists` or `done`
    /// ([PullListener.State]).
    public static final String STATE = "io.slipway.progress.state";

    /// The host that the bytes come from.
    public static final String HOST = "io.slipway.progress.host";

    /// Why no bytes move.
    public static final String WAITING_FOR = "io.slipway.progress.waiting-for";

    private ProgressAnnotations() {}
}
