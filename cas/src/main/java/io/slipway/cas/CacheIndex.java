package io.slipway.cas;

import java.io.IOException;
import java.util.Map;

/// What the mirror keeps of upstreams: blobs visible in namespace [Namespaces#MIRROR], rooted by this index
/// instead of by images, least recently used first to go. A blob that another namespace has too stays with
/// that one.
public interface CacheIndex {

    /// Makes a stored blob visible in the mirror's namespace with these labels and roots it here. NOT_FOUND
    /// when not stored.
    void admit(Digest digest, Map<String, String> labels) throws IOException;

    boolean contains(Digest digest) throws IOException;

    /// Unroots it; the bytes go with the next collection unless something else keeps them.
    void evict(Digest digest) throws IOException;

    /// Bytes of all blobs in the index.
    long bytes() throws IOException;

    /// Unroots blobs, least recently used first, until at most this many bytes are left; returns the bytes
    /// unrooted. What is open is skipped.
    long shrinkTo(long bytes) throws IOException;

    /// Unroots blobs that no other namespace sees, least recently used first, until their removal will free at
    /// least this many bytes; returns the bytes it will. What is open is skipped.
    long free(long bytes) throws IOException;
}
