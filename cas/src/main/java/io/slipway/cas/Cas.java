package io.slipway.cas;

import io.slipway.cas.grpc.GrpcServices;

/// The store, put together. [#open] returns at once: metadata opens in the background and the first use waits
/// for it. Thread-safe.
@SuppressWarnings("DoNotCallSuggester") // goes with the first implementation
public final class Cas implements AutoCloseable {

    private Cas() {}

    /// Opens the store below [CasOptions#root], making what is missing.
    public static Cas open(CasOptions options) throws java.io.IOException {
        throw new UnsupportedOperationException("being built: " + options.root());
    }

    public BlobStore blobs() {
        throw new UnsupportedOperationException();
    }

    public Metadata metadata() {
        throw new UnsupportedOperationException();
    }

    public Contents contents() {
        throw new UnsupportedOperationException();
    }

    public Images images() {
        throw new UnsupportedOperationException();
    }

    public Leases leases() {
        throw new UnsupportedOperationException();
    }

    public Namespaces namespaces() {
        throw new UnsupportedOperationException();
    }

    public Ingests ingests() {
        throw new UnsupportedOperationException();
    }

    public Derived derived() {
        throw new UnsupportedOperationException();
    }

    public CacheIndex cacheIndex() {
        throw new UnsupportedOperationException();
    }

    public Collector collector() {
        throw new UnsupportedOperationException();
    }

    /// Where events of this store (and of other parts that use it) go; until [#publishTo] they are dropped.
    public Events events() {
        throw new UnsupportedOperationException();
    }

    /// Plugs the exchange.
    public void publishTo(Events exchange) {
        throw new UnsupportedOperationException("being built: " + exchange);
    }

    /// Serves Content, Images, Leases and Namespaces.
    public void bind(GrpcServices server) {
        throw new UnsupportedOperationException("being built: " + server.callsInFlight());
    }

    /// Stops fetches (what landed is kept), writes what is pending, closes everything.
    @Override
    public void close() {}
}
