package io.slipway.mirror;

import java.time.Duration;

/// Every bound of the mirror, each with its reason. `defaults()` is what the daemon uses.
///
/// @param tagTtl how long a tag's digest is answered without asking upstream
/// @param tagStale how long after its last confirmation a tag is still answered while upstream cannot be reached
/// @param readableTtl how long upstream's "anyone may read this" is remembered for a repository and digest
/// @param manifestCacheBytes memory for manifests that are answered without touching the store
/// @param chunkBytes body bytes read and written at a time where the kernel cannot send the file itself
/// @param streamInflightBytes body bytes of one answer that may be queued in the transport
/// @param inflightBytes body bytes of all answers together that may be queued in the transport; `maxRequests` times
///     `reservedBytes` of it are set aside, the rest goes to whoever is fast
/// @param reservedBytes what every answer may have in flight whatever the others do, so that slow readers starve
///     nobody
/// @param heldBackBytes tail of a body that is kept until the digest of a blob still arriving is verified
/// @param maxConnections connections open at once; more are closed at once
/// @param maxStreams concurrent HTTP/2 streams of one connection
/// @param maxRequests requests being answered at once; more are refused with 503
/// @param headerBytes largest header section
/// @param upstreamWait longest wait for upstream's answer before the client gets one; containerd waits 30 s for
///     headers
/// @param stall longest time without progress of a body, towards the client or from upstream, before it is cut
/// @param idle how long a connection without a request stays open
/// @param stopGrace how long answers in progress may go on after [Mirror#stop()]
public record MirrorLimits(
        Duration tagTtl,
        Duration tagStale,
        Duration readableTtl,
        int manifestCacheBytes,
        int chunkBytes,
        int streamInflightBytes,
        int inflightBytes,
        int reservedBytes,
        int heldBackBytes,
        int maxConnections,
        int maxStreams,
        int maxRequests,
        int headerBytes,
        Duration upstreamWait,
        Duration stall,
        Duration idle,
        Duration stopGrace) {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /// Checks that every bound is positive and that one chunk fits into each memory bound.
    public MirrorLimits {
        for (var d : new Duration[] {tagTtl, tagStale, readableTtl, upstreamWait, stall, idle}) {
            if (d.isZero() || d.isNegative()) {
                throw new IllegalArgumentException("a duration of the mirror's limits is not positive: " + d);
            }
        }
        if (stopGrace.isNegative()) {
            throw new IllegalArgumentException("stopGrace is negative: " + stopGrace);
        }
        for (int n : new int[] {
            manifestCacheBytes,
            chunkBytes,
            reservedBytes,
            heldBackBytes,
            maxConnections,
            maxStreams,
            maxRequests,
            headerBytes
        }) {
            if (n <= 0) {
                throw new IllegalArgumentException("a count of the mirror's limits is not positive: " + n);
            }
        }
        if (reservedBytes > chunkBytes
                || streamInflightBytes < chunkBytes + reservedBytes
                || inflightBytes - (long) maxRequests * reservedBytes < chunkBytes) {
            throw new IllegalArgumentException(
                    "a chunk and what is reserved must fit into a stream's bytes in flight, and what is reserved for all"
                            + " requests plus one chunk into the total");
        }
    }

    /// Bytes in flight that are not set aside.
    int sharedBytes() {
        return inflightBytes - maxRequests * reservedBytes;
    }

    /// The bounds of a node: 24 MiB of bodies in flight, 8 MiB of manifests in memory.
    public static MirrorLimits defaults() {
        return new MirrorLimits(
                Duration.ofSeconds(60),
                Duration.ofHours(24),
                Duration.ofMinutes(10),
                8 * MIB,
                128 * KIB,
                272 * KIB,
                24 * MIB,
                16 * KIB,
                64 * KIB,
                1024,
                256,
                512,
                32 * KIB,
                Duration.ofSeconds(25),
                Duration.ofSeconds(60),
                Duration.ofSeconds(120),
                Duration.ofSeconds(5));
    }
}
