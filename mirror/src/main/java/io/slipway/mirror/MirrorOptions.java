package io.slipway.mirror;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// What a mirror is told at start. Immutable; `of(...)` gives the defaults of the configuration file, the `with...`
/// methods change one thing each.
///
/// @param listen addresses: `host:port`, `[ipv6]:port`, port 0 for a free one, or `unix:PATH`
/// @param upstreams key `[mirror] upstreams`: `host`, `host:port`, `*.suffix` or `*`; a host named here (not by
///     `*`) may have any address
/// @param defaultUpstream key `default_upstream`: where names without host go; empty = none. Excludes `local`
/// @param local key `local`: names without host belong to the registry of our own
/// @param publicCache key `public_cache`: the operator declares everything in the cache readable by every client,
///     so that upstream is not asked first
/// @param earlyRanges key `early_ranges`: a range of a blob still arriving may be answered before its digest is
///     verified
/// @param configured true for a host that has a directory of its own in `config_path`; such a host may have any
///     address. Called on virtual threads, may read files
/// @param nodeId this node's name in `Via`, 1 to 128 of `[A-Za-z0-9._-]`; requests that carry it are our own come
///     back
/// @param tls certificate and key in PEM; empty = plain HTTP/1.1 and h2c
/// @param plainOffLoopback the explicit word without which a listener off loopback needs `tls`
/// @param limits every bound
/// @param metrics what counts
/// @param clock time of tags and confirmations
public record MirrorOptions(
        List<String> listen,
        List<String> upstreams,
        Optional<String> defaultUpstream,
        boolean local,
        boolean publicCache,
        boolean earlyRanges,
        Predicate<String> configured,
        String nodeId,
        Optional<Tls> tls,
        boolean plainOffLoopback,
        MirrorLimits limits,
        MirrorMetrics metrics,
        InstantSource clock) {

    /// A PEM certificate chain and its key.
    public record Tls(Path certificate, Path key) {}

    /// Copies the lists and checks what can be checked without a look at the machine.
    public MirrorOptions {
        listen = List.copyOf(listen);
        upstreams = List.copyOf(upstreams);
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("a mirror needs at least one address to listen on");
        }
        if (local && defaultUpstream.isPresent()) {
            throw new IllegalArgumentException(
                    "[mirror] default_upstream and local exclude each other: a name without host means one thing");
        }
        if (!nodeId.matches("[A-Za-z0-9._-]{1,128}")) {
            throw new IllegalArgumentException("not a node id: " + nodeId);
        }
    }

    /// The configuration's defaults: every upstream with a public address, no default upstream, the local registry,
    /// early ranges, no host configured.
    public static MirrorOptions of(List<String> listen, String nodeId) {
        return new MirrorOptions(
                listen,
                List.of("*"),
                Optional.empty(),
                true,
                false,
                true,
                _ -> false,
                nodeId,
                Optional.empty(),
                false,
                MirrorLimits.defaults(),
                MirrorMetrics.none(),
                InstantSource.system());
    }

    /// With other entries of `[mirror] upstreams`.
    public MirrorOptions withUpstreams(List<String> hosts) {
        return changed(draft -> draft.upstreams = hosts);
    }

    /// With names without host going to `host`, which switches the local registry off.
    public MirrorOptions withDefaultUpstream(String host) {
        return changed(draft -> {
            draft.defaultUpstream = Optional.of(host);
            draft.local = false;
        });
    }

    /// With the local registry on or off.
    public MirrorOptions withLocal(boolean on) {
        return changed(draft -> draft.local = on);
    }

    /// With the whole cache declared public, or not.
    public MirrorOptions withPublicCache(boolean on) {
        return changed(draft -> draft.publicCache = on);
    }

    /// With early ranges on or off.
    public MirrorOptions withEarlyRanges(boolean on) {
        return changed(draft -> draft.earlyRanges = on);
    }

    /// With the rule that tells which hosts have a directory of their own in `config_path`.
    public MirrorOptions withConfigured(Predicate<String> hasDirectory) {
        return changed(draft -> draft.configured = hasDirectory);
    }

    /// With TLS on every TCP listener.
    public MirrorOptions withTls(Tls certificateAndKey) {
        return changed(draft -> draft.tls = Optional.of(certificateAndKey));
    }

    /// With plain HTTP allowed on addresses that are not loopback.
    public MirrorOptions withPlainOffLoopback(boolean allowed) {
        return changed(draft -> draft.plainOffLoopback = allowed);
    }

    /// With other bounds.
    public MirrorOptions withLimits(MirrorLimits bounds) {
        return changed(draft -> draft.limits = bounds);
    }

    /// With a place to count.
    public MirrorOptions withMetrics(MirrorMetrics counters) {
        return changed(draft -> draft.metrics = counters);
    }

    /// With another clock.
    public MirrorOptions withClock(InstantSource source) {
        return changed(draft -> draft.clock = source);
    }

    private MirrorOptions changed(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finished();
    }

    /// A copy in which single components can be changed.
    private static final class Draft {
        private List<String> listen;
        private List<String> upstreams;
        private Optional<String> defaultUpstream;
        private boolean local;
        private boolean publicCache;
        private boolean earlyRanges;
        private Predicate<String> configured;
        private String nodeId;
        private Optional<Tls> tls;
        private boolean plainOffLoopback;
        private MirrorLimits limits;
        private MirrorMetrics metrics;
        private InstantSource clock;

        Draft(MirrorOptions from) {
            this.listen = from.listen;
            this.upstreams = from.upstreams;
            this.defaultUpstream = from.defaultUpstream;
            this.local = from.local;
            this.publicCache = from.publicCache;
            this.earlyRanges = from.earlyRanges;
            this.configured = from.configured;
            this.nodeId = from.nodeId;
            this.tls = from.tls;
            this.plainOffLoopback = from.plainOffLoopback;
            this.limits = from.limits;
            this.metrics = from.metrics;
            this.clock = from.clock;
        }

        MirrorOptions finished() {
            return new MirrorOptions(
                    listen,
                    upstreams,
                    defaultUpstream,
                    local,
                    publicCache,
                    earlyRanges,
                    configured,
                    nodeId,
                    tls,
                    plainOffLoopback,
                    limits,
                    metrics,
                    clock);
        }
    }
}
