package io.slipway.cas;

import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Images of each namespace. Each is a root of collection. Changes are published as events and reach
/// `content/index.json` within a second. Blocking; ApiException carries the documented refusal.
public interface Images {

    Optional<Image> get(String namespace, String name) throws IOException;

    /// Ordered by name.
    List<Image> list(String namespace, Filter filter) throws IOException;

    /// ALREADY_EXISTS; INVALID_ARGUMENT for an empty name, a target without media type or with size 0, a bad
    /// label. `at` sets both times (containerd's source_date_epoch), otherwise now.
    Image create(
            String namespace,
            String name,
            Descriptor target,
            Map<String, String> labels,
            Optional<String> lease,
            Optional<Instant> at)
            throws IOException;

    /// Applies a change to the image as it is; created_at stays. NOT_FOUND, INVALID_ARGUMENT as for create.
    Image update(String namespace, String name, Change change, Optional<String> lease, Optional<Instant> at)
            throws IOException;

    /// Create, or replace target and set labels when it exists: what a pull does at its end.
    Image put(String namespace, String name, Descriptor target, Map<String, String> labels, Optional<String> lease)
            throws IOException;

    /// NOT_FOUND, also when `target` is given and is not what the image points at. `sync` waits for a
    /// collection.
    void delete(String namespace, String name, Optional<Digest> target, boolean sync) throws IOException;

    /// Pure change from the image as it is to target and labels as they shall be.
    @FunctionalInterface
    interface Change {
        Changed apply(Image before);
    }

    /// What a change can touch.
    record Changed(Descriptor target, Map<String, String> labels) {}
}
