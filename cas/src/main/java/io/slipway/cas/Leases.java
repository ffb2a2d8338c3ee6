package io.slipway.cas;

import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Leases of each namespace. Blocking; ApiException carries the documented refusal.
public interface Leases {

    /// What a lease can hold.
    ///
    /// @param type `content`, `ingests`, `images` or `snapshots/<snapshotter>`
    /// @param id digest, ref, name or key
    record Resource(String type, String id) {
        public static Resource content(Digest digest) {
            return new Resource("content", digest.toString());
        }

        public static Resource ingest(String ref) {
            return new Resource("ingests", ref);
        }

        public static Resource image(String name) {
            return new Resource("images", name);
        }

        public static Resource snapshot(String snapshotter, String key) {
            return new Resource("snapshots/" + snapshotter, key);
        }
    }

    /// Without an id a random one is made. ALREADY_EXISTS, INVALID_ARGUMENT.
    Lease create(String namespace, Optional<String> id, Map<String, String> labels) throws IOException;

    /// A lease with a random id that expires by itself after `ttl`: what a server-side operation holds while
    /// it runs.
    Lease createFor(String namespace, Duration ttl, Map<String, String> labels) throws IOException;

    Optional<Lease> get(String namespace, String id) throws IOException;

    /// NOT_FOUND. `sync` waits for a collection.
    void delete(String namespace, String id, boolean sync) throws IOException;

    /// Ordered by id.
    List<Lease> list(String namespace, Filter filter) throws IOException;

    /// NOT_FOUND for the lease, UNIMPLEMENTED for an unknown type, INVALID_ARGUMENT for content that is no
    /// digest. The resource need not exist; adding it twice is fine.
    void add(String namespace, String id, Resource resource) throws IOException;

    void remove(String namespace, String id, Resource resource) throws IOException;

    List<Resource> resources(String namespace, String id) throws IOException;

    /// Attaches inside the caller's own transaction (of [Metadata#write]), so that an object and its lease
    /// appear together; nothing when `lease` is empty. NOT_FOUND `lease does not exist`.
    void attach(Connection connection, String namespace, Optional<String> lease, Resource resource) throws SQLException;
}
