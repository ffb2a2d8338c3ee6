package io.slipway.cas;

import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Blobs written by a caller that does not know their digest beforehand (Content.Write, Diff, checkpoint,
/// import), each named by a ref within its namespace, written front to back. An ingest is private until
/// committed, and survives both its writer and the daemon for 24 h. Blocking.
public interface Ingests {

    /// @param total expected size as its writer said, 0 when unknown
    record Status(String ref, long offset, long total, Instant startedAt, Instant updatedAt) {}

    /// Opens the ingest of this ref for writing, where it stopped, and locks it until closed. UNAVAILABLE
    /// when it is open elsewhere; NOT_FOUND when the lease does not exist.
    Ingest open(String namespace, String ref, Optional<String> lease) throws IOException;

    Optional<Status> status(String namespace, String ref) throws IOException;

    List<Status> list(String namespace, Filter filter) throws IOException;

    /// Drops it. NOT_FOUND.
    void abort(String namespace, String ref) throws IOException;

    /// One open ingest; used by one thread at a time. Closing without commit keeps what was written.
    interface Ingest extends AutoCloseable {

        Status status();

        /// Expected size for [#status] and commit, 0 when unknown.
        void total(long total);

        /// Appends.
        void write(ByteBuffer data) throws IOException;

        /// Starts again from nothing.
        void truncate() throws IOException;

        /// Digest of the bytes so far.
        Digest digest() throws IOException;

        /// Verifies, makes durable, makes visible in the namespace with these labels (attached to the lease
        /// given at open), and ends the ingest. FAILED_PRECONDITION when size or digest differ from what is
        /// expected (0 and empty: not checked): the ingest then stays. ALREADY_EXISTS when the namespace sees
        /// that digest already: the ingest is dropped.
        Digest commit(long size, Optional<Digest> expected, Map<String, String> labels) throws IOException;

        /// Ends and drops it.
        void abort() throws IOException;

        @Override
        void close();
    }
}
