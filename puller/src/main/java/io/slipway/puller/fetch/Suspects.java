package io.slipway.puller.fetch;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.slipway.cas.Digest;
import io.slipway.puller.BlobSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which sources had a part in bytes that were not the blob. They are asked last when it is asked for again, so that
/// one bad host of a hosts.toml does not stand before a good one for ever. Thread-safe.
final class Suspects {
    /// After this a source is as good as any other again.
    static final Duration REMEMBERED = Duration.ofMinutes(10);
    /// Digests remembered at once.
    static final int DIGESTS_MAX = 1_000;

    private final Cache<Digest, Set<String>> names = Caffeine.newBuilder()
            .maximumSize(DIGESTS_MAX)
            .expireAfterWrite(REMEMBERED)
            .build();

    void add(Digest digest, Set<String> sources) {
        names.asMap().merge(digest, Set.copyOf(sources), (known, more) -> {
            Set<String> all = new HashSet<>(known);
            all.addAll(more);
            return Set.copyOf(all);
        });
    }

    /// The sources in their order, the suspected ones after all others.
    List<BlobSource> last(Digest digest, List<BlobSource> sources) {
        Set<String> bad = names.getIfPresent(digest);
        if (bad == null) {
            return sources;
        }
        List<BlobSource> ordered = new ArrayList<>(sources);
        ordered.sort(Comparator.comparing(source -> bad.contains(source.name())));
        return ordered;
    }
}
