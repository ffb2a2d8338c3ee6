package io.slipway.daemon.cli;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.slipway.cas.ApiException;
import io.slipway.cas.Identifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options before the command.
///
/// @param address path of the daemon's gRPC socket
/// @param namespace containerd namespace of every call
/// @param json results as JSON
record Globals(String address, String namespace, boolean json) {
    static final String DEFAULT_NAMESPACE = "default";

    /// Flag, then `SLIPWAY_ADDRESS` or `SLIPWAY_STATE`, then `CONTAINERD_ADDRESS`, then the daemon's own default. An
    /// empty variable counts as unset, an empty flag does not.
    ///
    /// @throws CommandFailed when the namespace is not an identifier
    static Globals of(
            @Nullable String address, @Nullable String namespace, boolean json, Map<String, String> environment)
            throws CommandFailed {
        String socket = first(
                address,
                environment.get("SLIPWAY_ADDRESS"),
                inState(environment.get("SLIPWAY_STATE")),
                environment.get("CONTAINERD_ADDRESS"),
                inState(defaultState(environment)));
        String name = namespace == null ? first(environment.get("CONTAINERD_NAMESPACE"), DEFAULT_NAMESPACE) : namespace;
        return new Globals(withoutScheme(socket), identifier(name), json);
    }

    private static String identifier(String namespace) throws CommandFailed {
        try {
            return Identifier.check(namespace);
        } catch (ApiException e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.USAGE,
                    "",
                    "\"" + namespace + "\" cannot name a namespace",
                    "use letters and digits, with single `.`, `_` or `-` between them, up to " + Identifier.LENGTH_MAX
                            + " characters");
            failed.initCause(e);
            throw failed;
        }
    }

    /// As the daemon chooses it: `/run/slipway` for root, else below `XDG_RUNTIME_DIR`.
    private static String defaultState(Map<String, String> environment) {
        String runtimeDir = environment.get("XDG_RUNTIME_DIR");
        return isRoot() || runtimeDir == null || runtimeDir.isEmpty() ? "/run/slipway" : runtimeDir + "/slipway";
    }

    /// proc(5): /proc/self belongs to the effective user.
    private static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid", NOFOLLOW_LINKS));
        } catch (IOException _) {
            return false;
        }
    }

    private static @Nullable String inState(@Nullable String state) {
        return state == null || state.isEmpty() ? null : state + "/slipway.sock";
    }

    private static String withoutScheme(String address) {
        return address.startsWith("unix://") ? address.substring("unix://".length()) : address;
    }

    private static String first(@Nullable String... candidates) {
        for (String candidate : candidates) {
            if (candidate != null && !candidate.isEmpty()) {
                return candidate;
            }
        }
        throw new IllegalStateException("the last candidate is never empty");
    }

    /// Directory of the socket.
    Path socketDirectory() {
        Path parent = Path.of(address).toAbsolutePath().getParent();
        return parent == null ? Path.of("/") : parent;
    }
}
