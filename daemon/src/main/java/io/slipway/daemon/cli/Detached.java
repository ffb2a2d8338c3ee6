package io.slipway.daemon.cli;

import io.slipway.api.services.introspection.v1.IntrospectionGrpcClient;
import io.slipway.api.services.introspection.v1.Plugin;
import io.slipway.api.services.introspection.v1.PluginsRequest;
import io.slipway.api.types.Mount;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// `run -d`: the container goes on alone, its output in a log file below the daemon's root, which the shim
/// appends to by itself.
final class Detached {
    private static final String CONTENT_PLUGIN = "io.containerd.content.v1";

    private final Session session;
    private final Undo undo;

    Detached(Session session, Undo undo) {
        this.session = session;
        this.undo = undo;
    }

    int run(RunOptions options, List<Mount> rootfs) throws CallFailed, CommandFailed, InterruptedException {
        Connection connection = session.connection();
        String log = logUri(root(connection), session.globals().namespace(), options.id());
        TaskStart task = new TaskStart(connection, session.globals(), undo);
        task.create(options.id(), rootfs, new TaskStart.Stdio("", log, log));
        task.start(options.id());
        undo.forget();
        session.result(Map.of("id", options.id()), options.id() + "\n");
        return ExitCode.OK.number();
    }

    /// The daemon's root directory: its content plugin exports that of the store, which lies right below.
    private static String root(Connection connection) throws CallFailed, CommandFailed, InterruptedException {
        List<Plugin> plugins = connection
                .call(
                        IntrospectionGrpcClient.Plugins,
                        PluginsRequest.newBuilder()
                                .addFilters("type==" + CONTENT_PLUGIN)
                                .build())
                .getPluginsList();
        for (Plugin plugin : plugins) {
            Path store = Path.of(plugin.getExportsOrDefault("root", ""));
            if (store.isAbsolute() && store.getParent() != null) {
                return store.getParent().toString();
            }
        }
        throw new CommandFailed(
                ExitCode.FAILED, "", "the daemon does not say where its logs lie", "update it to this version");
    }

    static String logUri(String root, String namespace, String id) {
        try {
            String path = root + "/logs/" + namespace + "/" + id + ".log";
            return "file://" + new URI(null, null, path, null).getRawPath();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("root directory " + root, e);
        }
    }
}
