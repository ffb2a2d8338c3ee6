package io.slipway.runtime;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Where the runtime keeps its things and how long it waits for shims. Immutable.
///
/// @param root persistent directory of the daemon; `<root>/io.containerd.runtime.v2.task` (work directories) and
///     `<root>/logs` are the runtime's
/// @param state volatile directory of the daemon; `<state>/io.containerd.runtime.v2.task` (bundles) and
///     `<state>/runc`
///     (runc's own state) are the runtime's
/// @param grpcAddress path of the daemon's gRPC socket, verbatim as configured: it is handed to every shim, and
///     runc's
///     shim hashes it into the name of its own socket, so it has to stay the same over restarts
/// @param publishBinary an existing executable named to shims as `-publish-binary`; shims that publish over ttrpc
///     never run it
/// @param binaryDirectories where shim binaries are looked for besides the working directory and `PATH`: the
///     directory
///     of the daemon's own executable
/// @param environment environment of the daemon, of which an allow-list reaches shims; `PATH` also guides the
///     lookup
/// @param timeouts how long shims may take
public record RuntimeOptions(
        Path root,
        Path state,
        String grpcAddress,
        Path publishBinary,
        List<Path> binaryDirectories,
        Map<String, String> environment,
        Timeouts timeouts) {

    /// `sun_path` of a unix socket address holds 108 bytes including the final NUL, unix(7); the shims keep one
    /// more
    /// free.
    public static final int SOCKET_PATH_BYTES_MAX = 106;

    private static final String TTRPC_SUFFIX = ".ttrpc";

    /// Checks the socket paths and copies the collections.
    ///
    /// @throws IllegalArgumentException when a directory is not absolute or a socket path is too long
    public RuntimeOptions {
        if (!root.isAbsolute() || !state.isAbsolute()) {
            throw new IllegalArgumentException("root and state must be absolute: " + root + ", " + state);
        }
        int length = (grpcAddress + TTRPC_SUFFIX).getBytes(StandardCharsets.UTF_8).length;
        if (grpcAddress.isEmpty() || length > SOCKET_PATH_BYTES_MAX) {
            throw new IllegalArgumentException("the socket path " + grpcAddress + TTRPC_SUFFIX + " has " + length
                    + " bytes, the kernel takes " + SOCKET_PATH_BYTES_MAX + "; choose a shorter [grpc] address");
        }
        binaryDirectories = List.copyOf(binaryDirectories);
        environment = Map.copyOf(environment);
    }

    /// The socket on which shims publish their events.
    public Path ttrpcAddress() {
        return Path.of(grpcAddress + TTRPC_SUFFIX);
    }

    /// Time limits of calls to shims; the keys of containerd's `[timeouts]` table behind them.
    ///
    /// @param shimStart for the `start` action of a shim binary
    /// @param shimLoad for reaching a shim again after a restart (`io.containerd.timeout.shim.load`)
    /// @param shimCleanup for the `delete` action (`io.containerd.timeout.shim.cleanup`)
    /// @param shimShutdown for a shim to answer Shutdown (`io.containerd.timeout.shim.shutdown`)
    /// @param taskState for the state of one task (`io.containerd.timeout.task.state`)
    /// @param shimStats for the figures of one task (`io.containerd.timeout.metrics.shimstats`)
    public record Timeouts(
            Duration shimStart,
            Duration shimLoad,
            Duration shimCleanup,
            Duration shimShutdown,
            Duration taskState,
            Duration shimStats) {

        /// containerd's defaults; `start` has none there, ours is the time its callers wait.
        public static Timeouts defaults() {
            return new Timeouts(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(2));
        }
    }
}
