package io.slipway.mirror;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.Blob;
import io.slipway.cas.Digest;
import io.slipway.puller.RegistryException;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;

/// What became of a request, as a fact. [Responses] alone turns it into HTTP.
sealed interface Outcome {

    /// The registry is here.
    record Welcome() implements Outcome {}

    /// A whole, verified manifest.
    ///
    /// @param freshUntil until when the same answer may be given again without asking anyone
    record Found(ManifestBytes manifest, MirrorMetrics.Source source, Instant freshUntil) implements Outcome {}

    /// A stored blob, open; whoever sends it closes it.
    record Stored(Blob blob, MirrorMetrics.Source source) implements Outcome {}

    /// A blob on its way, of known size; whoever follows it closes it.
    record Arriving(Arrival arrival, long size) implements Outcome {}

    /// A tag list or a referrers index.
    ///
    /// @param link value of `Link`, empty if this is the last page
    /// @param filters value of `OCI-Filters-Applied`, empty if none
    record Listing(String contentType, Buffer body, String link, String filters) implements Outcome {}

    /// No content, and why.
    sealed interface Refusal extends Outcome {

        /// Upstream says there is no such thing, or not for everybody.
        record Absent(MirrorMetrics.Kind kind, String what) implements Refusal {}

        /// A digest that is none.
        record BadDigest(String digest) implements Refusal {}

        /// A repository name or host that is none.
        record BadName(String what) implements Refusal {}

        /// A name that belongs to nobody this mirror may ask: no host, and no local repository of that name.
        record NoRepository(String name) implements Refusal {}

        /// A path outside the API.
        record NoSuchPath() implements Refusal {}

        /// An upload that was never started.
        record NoUpload() implements Refusal {}

        /// A known path that takes other methods.
        record WrongMethod(String allow, String message) implements Refusal {}

        /// The upstream rule forbids the host.
        record HostDenied(String host) implements Refusal {}

        /// Our own request came back.
        record Looped() implements Refusal {}

        /// Upstream gave no usable answer.
        record UpstreamFailed(MirrorMetrics.Kind kind, RegistryException failure) implements Refusal {}

        /// The blob did not come, or came wrong.
        record ArrivalFailed(ArrivalFailedException failure) implements Refusal {}

        /// Upstream takes longer than any client waits.
        record TooSlow(String what) implements Refusal {}

        /// The local store or database failed.
        record StoreFailed(String message) implements Refusal {}

        /// All requests that may be answered at once are being answered.
        record Busy() implements Refusal {}
    }

    /// A manifest as upstream sent it.
    ///
    /// @param mediaType its Content-Type, without parameters
    record ManifestBytes(Digest digest, String mediaType, Buffer body) {}
}
