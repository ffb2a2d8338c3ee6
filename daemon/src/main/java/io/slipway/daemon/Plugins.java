package io.slipway.daemon;

import io.slipway.daemon.config.Config;
import io.slipway.snapshotter.SnapshotterState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What Introspection lists: the parts that exist here, under containerd's names.
final class Plugins {
    private static final List<String> SERVICES =
            List.of("content", "healthcheck", "images", "introspection", "leases", "namespaces", "version", "events");
    private static final List<String> RUNTIME_SERVICES = List.of("containers", "tasks");

    private Plugins() {}

    static List<PluginEntry> of(Config config, Path root, SnapshotPart snapshots, boolean runtime) {
        List<PluginEntry> all = new ArrayList<>();
        all.add(PluginEntry.of("content.v1", "content")
                .exporting("root", root.resolve("content").toString()));
        for (SnapshotterState state : snapshots.states()) {
            all.add(snapshotter(state, snapshots.defaultSnapshotter()));
        }
        all.add(PluginEntry.of("metadata.v1", "sqlite")
                .exporting("policy", config.store().shared() ? "shared" : "isolated"));
        all.add(PluginEntry.of("event.v1", "exchange"));
        all.add(PluginEntry.of("gc.v1", "scheduler"));
        all.add(PluginEntry.of("lease.v1", "manager"));
        all.add(PluginEntry.of("transfer.v1", "local"));
        all.add(PluginEntry.of("streaming.v1", "manager"));
        SERVICES.forEach(name -> all.add(PluginEntry.of("grpc.v1", name)));
        if (snapshots.service().isPresent()) {
            all.add(PluginEntry.of("differ.v1", "walking").onThisPlatform());
            all.add(PluginEntry.of("grpc.v1", "snapshots"));
            all.add(PluginEntry.of("grpc.v1", "diff"));
        }
        if (runtime) {
            all.add(PluginEntry.of("runtime.v2", "task").onThisPlatform());
            RUNTIME_SERVICES.forEach(name -> all.add(PluginEntry.of("grpc.v1", name)));
        }
        return List.copyOf(all);
    }

    /// Clients that name no snapshotter find ours by its export `default`.
    private static PluginEntry snapshotter(SnapshotterState state, String defaultSnapshotter) {
        PluginEntry entry = PluginEntry.of("snapshotter.v1", state.name())
                .onThisPlatform()
                .exporting("root", state.root().toString())
                .able(state.capabilities());
        if (state.name().equals(defaultSnapshotter)) {
            entry = entry.exporting("default", "true");
        }
        return state.off().isPresent() ? entry.off(state.off().get()) : entry;
    }
}
