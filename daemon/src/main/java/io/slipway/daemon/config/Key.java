package io.slipway.daemon.config;

import java.util.Arrays;
import java.util.Optional;

/// Every key of the configuration file: its dotted path, its type and a line that says what it is for.
/// Defaults are in [Defaults], because some depend on who runs the daemon.
public enum Key {
    VERSION("version", Kind.NUMBER, "layout of this file"),
    ROOT("root", Kind.TEXT, "what survives a reboot: blobs, metadata, snapshots"),
    STATE("state", Kind.TEXT, "what does not: sockets, mounts, ready.json"),
    ROLES("roles", Kind.LIST, "mirror, api, runtime (needs root, a shim and runc; brings api)"),
    GRPC_ADDRESS("grpc.address", Kind.TEXT, "unix socket of the API"),
    GRPC_UID("grpc.uid", Kind.NUMBER, "owner of the socket"),
    GRPC_GID("grpc.gid", Kind.NUMBER, "group of the socket, mode 0660"),
    METRICS_ADDRESS("metrics.address", Kind.TEXT, "HOST:PORT of /v1/metrics, /healthz, /readyz; \"off\" = none"),
    MIRROR_ADDRESS("mirror.address", Kind.LIST, "HOST:PORT or unix:PATH, one or a list; \"off\" = none"),
    MIRROR_UPSTREAMS("mirror.upstreams", Kind.LIST, "registries the mirror may ask: host[:port], *.suffix, *"),
    MIRROR_DEFAULT_UPSTREAM("mirror.default_upstream", Kind.TEXT, "registry of names without host; switches local off"),
    MIRROR_LOCAL("mirror.local", Kind.FLAG, "be a registry of its own for names without host"),
    MIRROR_PUBLIC_CACHE("mirror.public_cache", Kind.FLAG, "serve private content to everybody who reaches the mirror"),
    MIRROR_EARLY_RANGES("mirror.early_ranges", Kind.FLAG, "serve ranges of a blob before all of it is verified"),
    REGISTRY_CONFIG_PATH("registry.config_path", Kind.TEXT, "directories with <host>/hosts.toml, separated by ':'"),
    STORE_MAX_BYTES("store.max_bytes", Kind.TEXT, "bound of pull-through content, e.g. \"50GiB\"; \"0\" = none"),
    STORE_MIN_FREE("store.min_free", Kind.TEXT, "free space to keep, e.g. \"10%\" or \"20GiB\""),
    STORE_SHARING_POLICY("store.sharing_policy", Kind.TEXT, "blobs across namespaces: shared or isolated"),
    STORE_SCRUB_RATE("store.scrub_rate", Kind.TEXT, "bytes a second to read again and verify; \"0\" = none"),
    STORE_SCRUB_INTERVAL("store.scrub_interval", Kind.TEXT, "between two such passes over the store"),
    GC_PAUSE_THRESHOLD("gc.pause_threshold", Kind.FRACTION, "share of time that collections may take, 0 to 0.5"),
    GC_DELETION_THRESHOLD("gc.deletion_threshold", Kind.NUMBER, "deletions that force a collection; 0 = none does"),
    GC_MUTATION_THRESHOLD("gc.mutation_threshold", Kind.NUMBER, "writes that ask for a collection; 0 = none do"),
    GC_SCHEDULE_DELAY("gc.schedule_delay", Kind.TEXT, "between a deletion and its collection, e.g. \"100ms\""),
    GC_STARTUP_DELAY("gc.startup_delay", Kind.TEXT, "between start and the first collection"),
    PULL_MAX_CONCURRENT_DOWNLOADS("pull.max_concurrent_downloads", Kind.NUMBER, "blobs fetched at once per registry"),
    PULL_CONNECTIONS_PER_HOST("pull.connections_per_host", Kind.NUMBER, "connections per registry host"),
    PULL_MAX_UNPACKS("pull.max_unpacks", Kind.NUMBER, "layers unpacked at once; 0 = one per core"),
    SNAPSHOTS_DEFAULT("snapshots.default", Kind.TEXT, "snapshotter where a client names none"),
    SNAPSHOTS_SYNC("snapshots.sync", Kind.TEXT, "background or before-commit"),
    SNAPSHOTS_VOLATILE("snapshots.volatile", Kind.FLAG, "overlays never sync; a power cut loses containers' files"),
    SNAPSHOTS_SLOW_CHOWN("snapshots.slow_chown", Kind.FLAG, "where ids can't be mapped, clients may chown a copy"),
    SNAPSHOTS_MAX_LAYER_ENTRIES("snapshots.max_layer_entries", Kind.NUMBER, "tar entries of one layer"),
    SNAPSHOTS_MAX_LAYER_DIRECTORIES("snapshots.max_layer_directories", Kind.NUMBER, "directories of one layer"),
    SNAPSHOTS_MAX_LAYER_BYTES("snapshots.max_layer_bytes", Kind.TEXT, "uncompressed size of one layer, holes counted"),
    SNAPSHOTS_MAX_LAYER_RATIO("snapshots.max_layer_ratio", Kind.NUMBER, "uncompressed to compressed, from 1 GiB on"),
    DEBUG_LEVEL("debug.level", Kind.TEXT, "trace, debug, info, warn or error"),
    DEBUG_FORMAT("debug.format", Kind.TEXT, "text or json");

    /// What a value may be.
    enum Kind {
        TEXT,
        NUMBER,
        /// A number that need not be whole.
        FRACTION,
        FLAG,
        /// A list of texts; one text alone is a list of one.
        LIST
    }

    private final String path;
    private final Kind kind;
    private final String purpose;

    Key(String path, Kind kind, String purpose) {
        this.path = path;
        this.kind = kind;
        this.purpose = purpose;
    }

    /// Dotted path, as in `mirror.address`.
    public String path() {
        return path;
    }

    Kind kind() {
        return kind;
    }

    String purpose() {
        return purpose;
    }

    /// Table the key lives in; empty for the top level.
    String table() {
        int dot = path.indexOf('.');
        return dot < 0 ? "" : path.substring(0, dot);
    }

    String leaf() {
        return path.substring(path.indexOf('.') + 1);
    }

    static Optional<Key> at(String path) {
        return Arrays.stream(values()).filter(k -> k.path.equals(path)).findFirst();
    }
}
