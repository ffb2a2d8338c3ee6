package io.slipway.daemon.cli;

import io.slipway.api.services.introspection.v1.IntrospectionGrpcClient;
import io.slipway.api.services.introspection.v1.Plugin;
import io.slipway.api.services.introspection.v1.PluginsRequest;
import java.util.List;
import java.util.Optional;

/// The snapshotters of the daemon, as its introspection tells.
final class Snapshotters {
    private static final String TYPE = "io.containerd.snapshotter.v1";
    private static final String SKIPPED = ": skip plugin";
    private static final String CONTAINERDS_DEFAULT = "overlayfs";

    private final List<Plugin> plugins;

    private Snapshotters(List<Plugin> plugins) {
        this.plugins = List.copyOf(plugins);
    }

    static Snapshotters of(Connection connection) throws CallFailed, CommandFailed, InterruptedException {
        PluginsRequest request =
                PluginsRequest.newBuilder().addFilters("type==" + TYPE).build();
        // A daemon may tell of others all the same.
        return new Snapshotters(connection.call(IntrospectionGrpcClient.Plugins, request).getPluginsList().stream()
                .filter(plugin -> plugin.getType().equals(TYPE))
                .toList());
    }

    List<Plugin> all() {
        return plugins;
    }

    /// Why it can't be used, if it can't.
    static Optional<String> off(Plugin plugin) {
        if (!plugin.hasInitErr()) {
            return Optional.empty();
        }
        String message = plugin.getInitErr().getMessage();
        return Optional.of(
                message.endsWith(SKIPPED) ? message.substring(0, message.length() - SKIPPED.length()) : message);
    }

    static boolean isDefault(Plugin plugin) {
        return plugin.getExportsOrDefault("default", "").equals("true");
    }

    /// The one that was asked for, or the daemon's default.
    ///
    /// @param asked empty where the user named none
    String choose(String asked) throws CommandFailed {
        if (asked.isEmpty()) {
            return plugins.stream()
                    .filter(Snapshotters::isDefault)
                    .map(Plugin::getId)
                    .findFirst()
                    .orElse(CONTAINERDS_DEFAULT);
        }
        Optional<Plugin> found =
                plugins.stream().filter(plugin -> plugin.getId().equals(asked)).findFirst();
        if (found.isEmpty() && !plugins.isEmpty()) {
            List<String> names = plugins.stream().map(Plugin::getId).toList();
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "",
                    "there is no snapshotter " + asked,
                    "take one of " + String.join(", ", names) + "; see `slipway snapshotters`");
        }
        Optional<String> why = found.flatMap(Snapshotters::off);
        if (why.isPresent()) {
            throw new CommandFailed(
                    ExitCode.FAILED,
                    asked,
                    "this snapshotter can't be used here: " + why.get(),
                    "see `slipway snapshotters` for others");
        }
        return asked;
    }
}
