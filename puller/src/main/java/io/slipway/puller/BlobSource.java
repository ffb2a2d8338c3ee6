package io.slipway.puller;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// "Bytes [a,b) of this digest": a registry host, a mirror, a peer, a directory, an archive. The fetch scheduler knows
/// only this. Blocking; called by several threads at once.
public interface BlobSource {
    /// Where the bytes come from, `host[:port]` or another short name for progress and errors.
    String name();

    /// Reads one range into the sink, in order, from `range.from()` on.
    ///
    /// @param range what is wanted; `to` may be [Long#MAX_VALUE] while the size is unknown
    /// @return what really came: a source may ignore the range and start at 0, or end early
    /// @throws RegistryException when this source cannot serve it
    Served read(Digest digest, ByteRange range, Sink sink) throws IOException, InterruptedException;

    /// Takes bytes as they come. Called in ascending order without gaps from the first offset on; blocks while its
    /// bounds are full.
    interface Sink {
        /// Told once before the first byte.
        ///
        /// @param from offset of the first byte that will come; 0 when the source ignored the range
        /// @param ranged whether this is the range that was asked for; otherwise it is the whole from its start
        /// @param size size of the whole blob when the source says so
        /// @throws IOException to refuse (a wrong size, a start that is of no use)
        void begin(long from, boolean ranged, OptionalLong size) throws IOException;

        /// The next bytes. The buffer belongs to the sink until it returns.
        void data(ByteBuffer bytes) throws IOException, InterruptedException;
    }

    /// How a read ended.
    ///
    /// @param ranged whether the source honours ranges
    /// @param bytes how many bytes it delivered
    record Served(boolean ranged, long bytes) {}
}
