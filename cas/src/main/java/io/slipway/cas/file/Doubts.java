package io.slipway.cas.file;

import io.slipway.cas.Digest;
import java.util.function.Consumer;

/// Where readers of stored blobs say that one of them is bad. Thread-safe.
final class Doubts {

    private volatile Consumer<Digest> told = _ -> {};

    /// Plugged once. It must not wait.
    void tell(Consumer<Digest> other) {
        told = other;
    }

    void add(Digest digest) {
        told.accept(digest);
    }
}
