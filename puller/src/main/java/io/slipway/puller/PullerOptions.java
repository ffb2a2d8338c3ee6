package io.slipway.puller;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Settings of the puller; the defaults are those of the configuration file.
///
/// @param configPaths hosts directories, in order (`[registry] config_path`, already split at `:`)
/// @param maxConcurrentDownloads how many blobs of one registry image pulls fetch at once
/// @param connectionsPerHost how many connections carry blob bytes from one origin at once
/// @param dockerConfig Docker's `config.json`; empty means none
/// @param realms additional hosts that may receive a registry's credentials as token realm
///     (`[registry.realms]."<host>"`), by registry host
/// @param nodeId identifies this node in `Via` headers; no white space
/// @param ownListeners addresses (`host:port`) the mirror listens on right now; hosts.toml entries pointing there are
///     skipped, so that a node never asks itself
/// @param timeouts limits in time
public record PullerOptions(
        List<Path> configPaths,
        int maxConcurrentDownloads,
        int connectionsPerHost,
        Optional<Path> dockerConfig,
        Map<String, Set<String>> realms,
        String nodeId,
        Supplier<List<String>> ownListeners,
        Timeouts timeouts) {
    /// Checks and copies.
    public PullerOptions {
        if (maxConcurrentDownloads < 1 || maxConcurrentDownloads > 256) {
            throw new IllegalArgumentException("max_concurrent_downloads must be 1 to 256: " + maxConcurrentDownloads);
        }
        if (connectionsPerHost < 1 || connectionsPerHost > 64) {
            throw new IllegalArgumentException("connections_per_host must be 1 to 64: " + connectionsPerHost);
        }
        if (!nodeId.matches("[A-Za-z0-9._-]{1,128}")) {
            throw new IllegalArgumentException("node id must be letters, digits, dots and dashes: " + nodeId);
        }
        configPaths = List.copyOf(configPaths);
        realms = Map.copyOf(realms);
    }

    /// The defaults with these hosts directories and node id.
    public static PullerOptions defaults(List<Path> configPaths, String nodeId) {
        return new PullerOptions(configPaths, 8, 4, Optional.empty(), Map.of(), nodeId, List::of, Timeouts.DEFAULTS);
    }

    /// The same with the mirror's addresses.
    public PullerOptions withOwnListeners(Supplier<List<String>> listeners) {
        return new PullerOptions(
                configPaths,
                maxConcurrentDownloads,
                connectionsPerHost,
                dockerConfig,
                realms,
                nodeId,
                listeners,
                timeouts);
    }

    /// The same with other limits in time.
    public PullerOptions withTimeouts(Timeouts newTimeouts) {
        return new PullerOptions(
                configPaths,
                maxConcurrentDownloads,
                connectionsPerHost,
                dockerConfig,
                realms,
                nodeId,
                ownListeners,
                newTimeouts);
    }

    /// The same with a Docker `config.json`.
    public PullerOptions withDockerConfig(Path file) {
        return new PullerOptions(
                configPaths,
                maxConcurrentDownloads,
                connectionsPerHost,
                Optional.of(file),
                realms,
                nodeId,
                ownListeners,
                timeouts);
    }

    /// Limits in time.
    ///
    /// @param connect TCP connect (hosts.toml `dial_timeout` overrides)
    /// @param tls TLS handshake
    /// @param header until the response's headers are there
    /// @param small until a small body (token, manifest) is complete
    /// @param stall without a byte of a body until its range is asked for again; a body that comes slower than
    ///     the least rate for three times as long counts as stalled too
    /// @param retryWait longest single wait between attempts, also for `Retry-After`
    public record Timeouts(
            Duration connect, Duration tls, Duration header, Duration small, Duration stall, Duration retryWait) {
        /// containerd's (30 s, 10 s, 30 s), a minute for small bodies, 20 s of silence, 30 s of waiting.
        public static final Timeouts DEFAULTS = new Timeouts(
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                Duration.ofSeconds(20),
                Duration.ofSeconds(30));
    }
}
