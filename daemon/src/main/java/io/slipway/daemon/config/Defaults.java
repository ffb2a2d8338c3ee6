package io.slipway.daemon.config;

import java.nio.file.Path;
import java.util.List;

/// The value of each key that nobody set. Root's directories are the system's; anybody else's follow the
/// XDG base directory specification.
final class Defaults {
    /// The one layout of our own file; containerd counts to 3 as well, see [ContainerdFile].
    static final long VERSION = 3;

    private final Host host;

    Defaults(Host host) {
        this.host = host;
    }

    Object of(Key key) {
        return switch (key) {
            case VERSION -> VERSION;
            case ROOT -> root().toString();
            case STATE -> state().toString();
            case ROLES -> host.root() ? List.of("mirror", "api", "runtime") : List.of("mirror", "api");
            // Below the state directory in effect: filled in by Config.
            case GRPC_ADDRESS, MIRROR_DEFAULT_UPSTREAM -> "";
            case GRPC_UID, GRPC_GID, PULL_MAX_UNPACKS -> 0L;
            case METRICS_ADDRESS -> "127.0.0.1:1338";
            case MIRROR_ADDRESS -> List.of("127.0.0.1:5010");
            case MIRROR_UPSTREAMS -> List.of("*");
            case MIRROR_LOCAL, MIRROR_EARLY_RANGES -> true;
            case MIRROR_PUBLIC_CACHE -> false;
            case REGISTRY_CONFIG_PATH -> "/etc/slipway/certs.d:/etc/containerd/certs.d:/etc/docker/certs.d";
            case STORE_MAX_BYTES -> "0";
            case STORE_MIN_FREE -> "10%";
            case STORE_SHARING_POLICY -> "shared";
            case STORE_SCRUB_RATE -> "8MiB";
            case STORE_SCRUB_INTERVAL -> "168h";
            case GC_PAUSE_THRESHOLD -> 0.02;
            case GC_DELETION_THRESHOLD -> 0L;
            case GC_MUTATION_THRESHOLD -> 100L;
            case GC_SCHEDULE_DELAY -> "0s";
            // containerd's 100ms would be in the way of what starts with us.
            case GC_STARTUP_DELAY -> "10s";
            case PULL_MAX_CONCURRENT_DOWNLOADS -> 8L;
            case PULL_CONNECTIONS_PER_HOST -> 4L;
            case SNAPSHOTS_DEFAULT -> "overlayfs";
            case SNAPSHOTS_SYNC -> "background";
            case SNAPSHOTS_VOLATILE, SNAPSHOTS_SLOW_CHOWN -> false;
            case SNAPSHOTS_MAX_LAYER_ENTRIES -> 4_000_000L;
            case SNAPSHOTS_MAX_LAYER_DIRECTORIES -> 400_000L;
            case SNAPSHOTS_MAX_LAYER_BYTES -> "512GiB";
            case SNAPSHOTS_MAX_LAYER_RATIO -> 200L;
            case DEBUG_LEVEL -> "info";
            case DEBUG_FORMAT -> "text";
        };
    }

    private Path root() {
        if (host.root()) {
            return Path.of("/var/lib/slipway");
        }
        return host.variable("XDG_DATA_HOME")
                .map(Path::of)
                .orElseGet(() -> host.home().resolve(".local/share"))
                .resolve("slipway");
    }

    private Path state() {
        if (host.root()) {
            return Path.of("/run/slipway");
        }
        return host.variable("XDG_RUNTIME_DIR")
                .map(dir -> Path.of(dir).resolve("slipway"))
                .orElseGet(() -> root().resolve("run"));
    }

    /// Read when neither flag nor variable names a file, if it is there.
    Path file() {
        if (host.root()) {
            return Path.of("/etc/slipway/config.toml");
        }
        return host.variable("XDG_CONFIG_HOME")
                .map(Path::of)
                .orElseGet(() -> host.home().resolve(".config"))
                .resolve("slipway/config.toml");
    }
}
