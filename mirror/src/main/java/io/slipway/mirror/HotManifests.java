package io.slipway.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.InstantSource;
import java.util.Optional;

/// Manifests answered without touching store or database, by the request's raw URI (path and query), so that a hit
/// costs one look-up on the event loop. An entry says until when nobody has to be asked. Bounded by bytes.
final class HotManifests {

    /// What an entry costs beside its body and key: objects, headers.
    private static final int OVERHEAD_BYTES = 512;

    /// Longer URIs are not kept.
    private static final int MAX_URI = 1024;

    private final InstantSource clock;
    private final Cache<String, Entry> entries;

    /// @param namespace value for `OCI-Namespace`, empty if none
    record Entry(Outcome.Found found, String namespace) {}

    HotManifests(int maxBytes, InstantSource clock) {
        this.clock = clock;
        this.entries = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .<String, Entry>weigher((uri, e) -> OVERHEAD_BYTES
                        + uri.length()
                        + e.found().manifest().body().length())
                .executor(Runnable::run)
                .build();
    }

    /// The entry while it is fresh.
    Optional<Entry> get(String uri) {
        Entry entry = entries.getIfPresent(uri);
        if (entry == null) {
            return Optional.empty();
        }
        if (!clock.instant().isBefore(entry.found().freshUntil())) {
            entries.invalidate(uri);
            return Optional.empty();
        }
        return Optional.of(entry);
    }

    void put(String uri, Outcome.Found found, String namespace) {
        if (uri.length() <= MAX_URI && clock.instant().isBefore(found.freshUntil())) {
            MirrorMetrics.Source source = found.source() == MirrorMetrics.Source.STALE
                    ? MirrorMetrics.Source.STALE
                    : MirrorMetrics.Source.HIT;
            entries.put(uri, new Entry(new Outcome.Found(found.manifest(), source, found.freshUntil()), namespace));
        }
    }
}
