package io.slipway.daemon;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A part of this daemon under the name that containerd's clients look for.
///
/// @param type such as `io.containerd.snapshotter.v1`
/// @param platforms whether it depends on the platform; clients take a snapshotter without one as unusable
/// @param exports what clients may want to know, such as `root`
/// @param capabilities in containerd's words
/// @param off why it can't be used here
record PluginEntry(
        String type,
        String id,
        boolean platforms,
        Map<String, String> exports,
        List<String> capabilities,
        Optional<String> off) {
    PluginEntry {
        exports = Map.copyOf(exports);
        capabilities = List.copyOf(capabilities);
    }

    static PluginEntry of(String type, String id) {
        return new PluginEntry("io.containerd." + type, id, false, Map.of(), List.of(), Optional.empty());
    }

    PluginEntry onThisPlatform() {
        return new PluginEntry(type, id, true, exports, capabilities, off);
    }

    PluginEntry exporting(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(exports);
        more.put(name, value);
        return new PluginEntry(type, id, platforms, more, capabilities, off);
    }

    PluginEntry able(List<String> words) {
        return new PluginEntry(type, id, platforms, exports, words, off);
    }

    PluginEntry off(String why) {
        return new PluginEntry(type, id, platforms, exports, capabilities, Optional.of(why));
    }
}
