package io.slipway.cas;

import java.io.IOException;
import java.util.Optional;

/// Small facts computed from a blob, keyed by digest and kind; they die with the blob and can always be
/// computed again. Kinds in use: `diffid` (verified digest of the uncompressed layer, as text).
public interface Derived {

    /// Most bytes of a value.
    int MAX_VALUE_BYTES = 64 << 10;

    /// Most characters of a kind.
    int MAX_KIND_LENGTH = 64;

    Optional<byte[]> get(Digest digest, String kind) throws IOException;

    /// Remembers a value, replacing an earlier one; nothing happens when the blob is not stored.
    void put(Digest digest, String kind, byte[] value) throws IOException;
}
