package io.slipway.daemon.config;

import io.slipway.daemon.log.LogFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.event.Level;

/// The checked configuration of one daemon. Immutable; a reload makes a new one.
///
/// @param root what survives a reboot
/// @param state what does not
/// @param roles in the order mirror, api, runtime
/// @param rolesAsked whether the operator named the roles: then what one lacks is an error, otherwise it
///     is left out
public record Config(
        Path root,
        Path state,
        Set<Role> roles,
        boolean rolesAsked,
        Grpc grpc,
        Optional<Address.Tcp> metrics,
        Mirror mirror,
        Registry registry,
        Store store,
        Gc gc,
        Pull pull,
        Snapshots snapshots,
        List<StreamProcessor> streamProcessors,
        Debug debug) {

    public Config {
        roles = Set.copyOf(roles);
        streamProcessors = List.copyOf(streamProcessors);
    }

    public boolean has(Role role) {
        return roles.contains(role);
    }

    /// @param address absolute path of the gRPC socket; the ttrpc socket is beside it with `.ttrpc` added
    public record Grpc(Path address, int uid, int gid) {
        public Path ttrpc() {
            return address.resolveSibling(address.getFileName() + ".ttrpc");
        }
    }

    /// @param addresses none = the mirror is off
    /// @param upstreams hosts that may be asked: `host[:port]`, `*.suffix`, `*`
    /// @param defaultUpstream registry of names without a host; excludes `local`
    public record Mirror(
            List<Address> addresses,
            List<String> upstreams,
            Optional<String> defaultUpstream,
            boolean local,
            boolean publicCache,
            boolean earlyRanges) {
        public Mirror {
            addresses = List.copyOf(addresses);
            upstreams = List.copyOf(upstreams);
        }
    }

    /// @param configPath directories with `<host>/hosts.toml`, first match wins
    /// @param realms hosts of token services that a registry host may send its credentials to
    public record Registry(List<Path> configPath, Map<String, List<String>> realms) {
        public Registry {
            configPath = List.copyOf(configPath);
            realms = Map.copyOf(realms);
        }
    }

    /// @param maxBytes bound of pull-through content; 0 = none
    /// @param scrubRate bytes a second; 0 = none
    /// @param scrubInterval between two passes
    public record Store(long maxBytes, Size minFree, boolean shared, long scrubRate, Duration scrubInterval) {}

    /// When the store is collected; containerd's words.
    ///
    /// @param pauseThreshold share of time that collections may take, 0 to 0.5
    /// @param deletionThreshold deletions that force one; 0 = none does
    /// @param mutationThreshold writes that ask for one; 0 = none do
    public record Gc(
            double pauseThreshold,
            int deletionThreshold,
            int mutationThreshold,
            Duration scheduleDelay,
            Duration startupDelay) {}

    /// @param maxUnpacks 0 = one per core
    public record Pull(int maxConcurrentDownloads, int connectionsPerHost, int maxUnpacks) {}

    /// @param syncBeforeCommit wait for the disk before a snapshot is committed instead of in the
    ///     background
    /// @param volatileMounts whether overlays are mounted with `volatile`
    /// @param slowChown whether clients may change owners file by file where the kernel can't show others
    /// @param layers bounds on one layer
    public record Snapshots(
            String defaultSnapshotter,
            boolean syncBeforeCommit,
            boolean volatileMounts,
            boolean slowChown,
            Layers layers) {}

    /// @param maxEntries tar entries
    /// @param maxBytes uncompressed, and separately the sum of file sizes with holes counted
    /// @param maxRatio uncompressed to compressed bytes
    public record Layers(long maxEntries, long maxDirectories, long maxBytes, long maxRatio) {}

    /// A program for layers of media types that we don't know; containerd's words.
    ///
    /// @param path absolute, of an executable
    /// @param env `NAME=value` each
    public record StreamProcessor(
            String id, List<String> accepts, String returns, Path path, List<String> args, List<String> env) {
        public StreamProcessor {
            accepts = List.copyOf(accepts);
            args = List.copyOf(args);
            env = List.copyOf(env);
        }
    }

    public record Debug(Level level, LogFormat format) {}
}
