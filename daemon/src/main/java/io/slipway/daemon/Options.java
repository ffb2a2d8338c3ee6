package io.slipway.daemon;

import io.slipway.cas.CacheLimits;
import io.slipway.cas.GcOptions;
import io.slipway.cas.ScrubObserver;
import io.slipway.cas.ScrubOptions;
import io.slipway.daemon.config.Address;
import io.slipway.daemon.config.Config;
import io.slipway.mirror.MirrorMetrics;
import io.slipway.mirror.MirrorOptions;
import io.slipway.puller.Puller;
import io.slipway.puller.PullerOptions;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotterOptions;
import io.slipway.snapshotter.layer.StreamProcessor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// The configuration in each module's own words.
final class Options {
    private Options() {}

    static PullerOptions puller(Config config, String nodeId, Supplier<List<String>> ownListeners) {
        Map<String, Set<String>> realms = config.registry().realms().entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> Set.copyOf(e.getValue())));
        return new PullerOptions(
                config.registry().configPath(),
                config.pull().maxConcurrentDownloads(),
                config.pull().connectionsPerHost(),
                Optional.empty(),
                realms,
                nodeId,
                ownListeners,
                PullerOptions.Timeouts.DEFAULTS);
    }

    static MirrorOptions mirror(Config config, String nodeId, Puller puller, MirrorMetrics metrics) {
        Config.Mirror mirror = config.mirror();
        MirrorOptions options = MirrorOptions.of(
                        mirror.addresses().stream().map(Address::toString).toList(), nodeId)
                .withUpstreams(mirror.upstreams())
                .withLocal(mirror.local())
                .withPublicCache(mirror.publicCache())
                .withEarlyRanges(mirror.earlyRanges())
                .withConfigured(host -> puller.upstreams().hasOwnDirectory(host))
                .withMetrics(metrics);
        return mirror.defaultUpstream().map(options::withDefaultUpstream).orElse(options);
    }

    static CacheLimits cacheLimits(Config config) {
        return new CacheLimits(config.store().maxBytes(), config.store().minFree()::of);
    }

    static ScrubOptions scrub(Config config, ScrubObserver observer) {
        return new ScrubOptions(config.store().scrubRate(), config.store().scrubInterval(), observer);
    }

    static GcOptions gc(Config config) {
        Config.Gc gc = config.gc();
        return new GcOptions(
                gc.pauseThreshold(),
                gc.deletionThreshold(),
                gc.mutationThreshold(),
                gc.scheduleDelay(),
                gc.startupDelay());
    }

    static List<StreamProcessor> streamProcessors(Config config) {
        return config.streamProcessors().stream()
                .map(p -> new StreamProcessor(p.id(), p.accepts(), p.returns(), p.path(), p.args(), variables(p.env())))
                .toList();
    }

    /// Of a name that is given twice the last value counts, as for a process.
    private static Map<String, String> variables(List<String> env) {
        Map<String, String> variables = new HashMap<>();
        for (String variable : env) {
            int at = variable.indexOf('=');
            variables.put(variable.substring(0, at), variable.substring(at + 1));
        }
        return variables;
    }

    static SnapshotterOptions snapshots(Config config) {
        Config.Layers layers = config.snapshots().layers();
        return new SnapshotterOptions(
                config.snapshots().defaultSnapshotter(),
                config.snapshots().syncBeforeCommit()
                        ? SnapshotterOptions.Sync.BEFORE_COMMIT
                        : SnapshotterOptions.Sync.BACKGROUND,
                config.pull().maxUnpacks(),
                new LayerQuota(
                        layers.maxEntries(),
                        layers.maxDirectories(),
                        layers.maxBytes(),
                        layers.maxRatio(),
                        LayerQuota.DEFAULT.ratioGraceBytes()),
                config.snapshots().volatileMounts(),
                config.snapshots().slowChown(),
                config.store().shared());
    }
}
