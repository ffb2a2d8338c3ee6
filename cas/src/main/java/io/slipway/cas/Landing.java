package io.slipway.cas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Where a [Fetch] puts the bytes of the one blob it fetches. Thread-safe: several threads may write at
/// once. After the fetch has returned (or was given up) every call throws IllegalStateException.
public interface Landing {

    /// Most bytes one blob may have: 1 TiB. A larger size is refused.
    long MAX_SIZE_BYTES = 1L << 40;

    Digest digest();

    /// The size, once anybody said it: the asker whose fetch this is, an earlier fetch, or
    /// [#size(long)].
    OptionalLong size();

    /// Says the size (from Content-Length, Content-Range). [SizeMismatchException] when it contradicts
    /// what is known or is too large; nothing has changed then, another source may still have the right
    /// bytes. Without any size, the size is what has been written when the fetch returns.
    void size(long size) throws IOException;

    /// What is still to be fetched, ascending, not overlapping. Ranges resumed from an earlier fetch
    /// are left out. While the size is unknown, the last range ends at Long.MAX_VALUE.
    List<ByteRange> missing();

    /// Writes the remaining bytes of the buffer at this offset, in any order; blocks on the disk, so
    /// not on an event loop; 256 KiB to 1 MiB in a direct buffer is best. The buffer is the caller's
    /// again on return, its position at its limit. Bytes that have already landed, or are being written
    /// by another thread, are never overwritten: a second copy of them is ignored. StoreException when
    /// the disk refuses (the arrival has then failed, whatever the fetch makes of it);
    /// [SizeMismatchException] when the bytes reach past the size (nothing is written then).
    void write(long offset, ByteBuffer data) throws IOException;

    /// What readers want next and is missing: blocked reads first, then [Arrival#want] by priority. A
    /// hint.
    Optional<ByteRange> wanted();

    /// The host that bytes are coming from now, for progress.
    void source(String host);
}
