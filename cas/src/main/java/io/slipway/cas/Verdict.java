package io.slipway.cas;

/// How a fetch ended.
public sealed interface Verdict {

    /// Size and digest are right; the blob is durable and can be opened.
    record Verified(long size) implements Verdict {}

    /// What was fetched is not that blob (digest or size); nothing of it was kept.
    record Rejected(String reason) implements Verdict {}

    /// The bytes could not be had or stored; a [StoreException] when it was the local disk. What has landed
    /// is kept for the next fetch unless the disk is full.
    record Failed(Throwable cause) implements Verdict {}
}
