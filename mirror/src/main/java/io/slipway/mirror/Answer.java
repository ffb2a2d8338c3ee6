package io.slipway.mirror;

import io.slipway.cas.Arrival;
import io.slipway.cas.Blob;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;

/// An HTTP answer, ready to be sent once by [AnswerWriter], which closes it.
record Answer(int status, MultiMap headers, Body body, MirrorMetrics.Source source) implements AutoCloseable {

    /// Where the bytes of the body come from.
    sealed interface Body {
        /// No body; Content-Length is what the headers say.
        record None() implements Body {}

        /// In memory.
        record Bytes(Buffer bytes) implements Body {}

        /// Bytes [from, to) of a stored blob.
        record OfBlob(Blob blob, long from, long to) implements Body {}

        /// Bytes [from, to) of a blob on its way; the bytes from `freeUntil` on are sent only after the digest is
        /// verified.
        record OfArrival(Arrival arrival, long from, long to, long freeUntil) implements Body {}
    }

    @Override
    public void close() {
        switch (body) {
            case Body.OfBlob(Blob blob, var _, var _) -> blob.close();
            case Body.OfArrival(Arrival arrival, var _, var _, var _) -> arrival.close();
            case Body.None(), Body.Bytes _ -> {}
        }
    }
}
