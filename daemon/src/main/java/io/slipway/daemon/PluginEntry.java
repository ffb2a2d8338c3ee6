package io.slipway.daemon;

import java.util.List;
import java.util.Map;

/// A part of this daemon under the name that containerd's clients look for.
///
/// @param type such as `io.containerd.snapshotter.v1`
/// @param platforms whether it depends on the platform; clients take a snapshotter without one as unusable
/// @param exports what clients may want to know, such as `root`
record PluginEntry(String type, String id, boolean platforms, Map<String, String> exports, List<String> capabilities) {
    PluginEntry {
        exports = Map.copyOf(exports);
        capabilities = List.copyOf(capabilities);
    }

    static PluginEntry of(String type, String id) {
        return new PluginEntry("io.containerd." + type, id, false, Map.of(), List.of());
    }

    PluginEntry onThisPlatform() {
        return new PluginEntry(type, id, true, exports, capabilities);
    }

    PluginEntry exporting(String name, String value) {
        return new PluginEntry(type, id, platforms, Map.of(name, value), capabilities);
    }
}
