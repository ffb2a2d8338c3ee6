package io.slipway.mirror;

import java.time.Duration;

/// What the mirror counts. The daemon plugs its registry in; calls come from event loops and virtual threads at
/// once and must neither block nor throw.
public interface MirrorMetrics {

    /// What a request was for.
    enum Kind {
        BASE,
        MANIFEST,
        BLOB,
        TAGS,
        REFERRERS,
        UPLOAD,
        OTHER
    }

    /// Where an answer came from.
    enum Source {
        /// From memory or the store, without upstream.
        HIT,
        /// From the store after upstream confirmed it.
        REVALIDATED,
        /// From the store although upstream could not be asked.
        STALE,
        /// From upstream.
        MISS,
        /// No content was involved: refusals, errors, `/v2/`.
        NONE
    }

    /// One finished answer.
    ///
    /// @param kind what was asked
    /// @param status HTTP status that was sent
    /// @param source where the content came from
    /// @param bodyBytes body bytes handed to the transport
    /// @param complete false when the body was cut short: client gone, upstream failed, digest wrong, stalled
    /// @param took from the parsed request to the end of the answer
    record Answer(Kind kind, int status, Source source, long bodyBytes, boolean complete, Duration took) {}

    /// Called once for every request, at the end of its answer.
    void answered(Answer answer);

    /// Counts nothing.
    static MirrorMetrics none() {
        return _ -> {};
    }
}
