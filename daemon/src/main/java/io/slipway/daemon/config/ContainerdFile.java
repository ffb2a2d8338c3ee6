package io.slipway.daemon.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.slipway.daemon.config.Values.Origin;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// A containerd `config.toml`, version 2 (containerd 1.x) or 3 (2.x), handed to us as it is.
final class ContainerdFile {
    /// Top-level keys that only containerd has; one of them tells its version 3 from ours.
    private static final Set<String> ITS_OWN = Set.of(
            "plugins",
            "disabled_plugins",
            "required_plugins",
            "oom_score",
            "imports",
            "proxy_plugins",
            "timeouts",
            "cgroup",
            "ttrpc",
            "temp",
            "plugin_dir");

    /// Keys with the same meaning in both programs.
    private static final Map<String, Key> SAME = Map.ofEntries(
            Map.entry("root", Key.ROOT),
            Map.entry("state", Key.STATE),
            Map.entry("grpc.address", Key.GRPC_ADDRESS),
            Map.entry("grpc.uid", Key.GRPC_UID),
            Map.entry("grpc.gid", Key.GRPC_GID),
            Map.entry("metrics.address", Key.METRICS_ADDRESS),
            Map.entry("debug.level", Key.DEBUG_LEVEL),
            Map.entry("debug.format", Key.DEBUG_FORMAT),
            Map.entry("plugins.\"io.containerd.metadata.v1.bolt\".content_sharing_policy", Key.STORE_SHARING_POLICY),
            Map.entry("plugins.\"io.containerd.snapshotter.v1.overlayfs\".slow_chown", Key.SNAPSHOTS_SLOW_CHOWN),
            Map.entry("plugins.\"io.containerd.gc.v1.scheduler\".pause_threshold", Key.GC_PAUSE_THRESHOLD),
            Map.entry("plugins.\"io.containerd.gc.v1.scheduler\".deletion_threshold", Key.GC_DELETION_THRESHOLD),
            Map.entry("plugins.\"io.containerd.gc.v1.scheduler\".mutation_threshold", Key.GC_MUTATION_THRESHOLD),
            Map.entry("plugins.\"io.containerd.gc.v1.scheduler\".schedule_delay", Key.GC_SCHEDULE_DELAY),
            Map.entry("plugins.\"io.containerd.gc.v1.scheduler\".startup_delay", Key.GC_STARTUP_DELAY),
            Map.entry("plugins.\"io.containerd.grpc.v1.cri\".registry.config_path", Key.REGISTRY_CONFIG_PATH),
            Map.entry("plugins.\"io.containerd.grpc.v1.cri\".containerd.snapshotter", Key.SNAPSHOTS_DEFAULT),
            Map.entry(
                    "plugins.\"io.containerd.grpc.v1.cri\".max_concurrent_downloads",
                    Key.PULL_MAX_CONCURRENT_DOWNLOADS),
            Map.entry("plugins.\"io.containerd.cri.v1.images\".registry.config_path", Key.REGISTRY_CONFIG_PATH),
            Map.entry("plugins.\"io.containerd.cri.v1.images\".snapshotter", Key.SNAPSHOTS_DEFAULT),
            Map.entry(
                    "plugins.\"io.containerd.cri.v1.images\".max_concurrent_downloads",
                    Key.PULL_MAX_CONCURRENT_DOWNLOADS),
            Map.entry("plugins.\"io.containerd.transfer.v1.local\".config_path", Key.REGISTRY_CONFIG_PATH),
            Map.entry(
                    "plugins.\"io.containerd.transfer.v1.local\".max_concurrent_downloads",
                    Key.PULL_MAX_CONCURRENT_DOWNLOADS),
            Map.entry("plugins.\"io.containerd.transfer.v1.local\".max_concurrent_unpacks", Key.PULL_MAX_UNPACKS));

    private static final double PAUSE_THRESHOLD_MAX = 0.5;

    private final TomlFile file;
    private final Optional<String> searchPath;
    private final Values into;
    private final Set<String> ignored = new TreeSet<>();

    private ContainerdFile(TomlFile file, Optional<String> searchPath, Values into) {
        this.file = file;
        this.searchPath = searchPath;
        this.into = into;
    }

    /// Whether this is containerd's file and not ours. Ours has version 3 as well, so its own keys decide.
    static boolean recognises(TomlFile file) {
        JsonNode version = file.tree().path("version");
        if (version.isIntegralNumber() && version.asLong() != Defaults.VERSION) {
            return true;
        }
        return ITS_OWN.stream().anyMatch(file.tree()::has)
                || file.tree().path("grpc").has("tcp_address")
                || file.tree().path("grpc").has("max_recv_message_size");
    }

    /// Takes what means the same.
    ///
    /// @param searchPath value of PATH, for programs that the file names
    /// @return the keys that mean nothing here, shortest form
    static List<String> read(TomlFile file, Optional<String> searchPath, Values into) throws ConfigException {
        ContainerdFile reader = new ContainerdFile(file, searchPath, into);
        reader.refuse();
        reader.streamProcessors();
        reader.table("", file.tree(), 0);
        return List.copyOf(reader.ignored);
    }

    /// What must not be passed over: the operator relies on it and would not notice that it is gone.
    private void refuse() throws ConfigException {
        long version = file.tree().path("version").asLong(1);
        if (version != 2 && version != 3) {
            throw bad(
                    "version",
                    "containerd's version " + version + " is not read, only 2 and 3; convert it with containerd config"
                            + " migrate or write Slipway's own, see slipwayd config default");
        }
        JsonNode grpc = file.tree().path("grpc");
        if (!grpc.path("tcp_address").asText("").isEmpty()) {
            throw bad("grpc.tcp_address", "the API is served on a unix socket only; remove the key");
        }
    }

    private void streamProcessors() throws ConfigException {
        for (StreamProcessorTable table : StreamProcessorTable.of(file, searchPath)) {
            if (isOfEveryFile(table) && table.program().isEmpty()) {
                ignored.add(table.name());
            } else {
                into.streamProcessor(table.read());
            }
        }
    }

    /// `containerd config default` writes ocicrypt's decoders whether or not they are installed, and containerd
    /// misses them only when a layer needs them.
    private static boolean isOfEveryFile(StreamProcessorTable table) {
        return table.id().startsWith("io.containerd.ocicrypt.decoder.v1.")
                && table.table().path("path").asText().equals("ctd-decoder");
    }

    private void table(String prefix, JsonNode table, int depth) throws ConfigException {
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            String path = prefix + quoted(entry.getKey());
            Key same = SAME.get(path);
            JsonNode value = entry.getValue();
            if (path.equals(StreamProcessorTable.TABLES)) {
                continue;
            }
            if (same != null) {
                take(same, path, value);
            } else if (value.isObject() && (depth == 0 || leadsSomewhere(path))) {
                table(path + ".", value, depth + 1);
            } else if (!path.equals("version") && !empty(value)) {
                ignored.add(path);
            }
        }
    }

    /// Tables that hold nothing of ours are named as a whole instead of key by key.
    private static boolean leadsSomewhere(String path) {
        return SAME.keySet().stream().anyMatch(known -> known.startsWith(path + "."));
    }

    private static String quoted(String key) {
        return key.indexOf('.') >= 0 ? '"' + key + '"' : key;
    }

    private static boolean empty(JsonNode value) {
        return (value.isTextual() && value.asText().isEmpty())
                || (value.isContainerNode() && value.isEmpty())
                || (value.isIntegralNumber() && value.asLong() == 0)
                || (value.isBoolean() && !value.asBoolean());
    }

    private void take(Key key, String path, JsonNode value) throws ConfigException {
        switch (key.kind()) {
            case TEXT, LIST -> {
                if (!value.isTextual()) {
                    throw bad(path, "must be a string");
                }
                // Empty means containerd's default, which is ours where the two agree; empty metrics mean
                // none.
                if (!value.asText().isEmpty() || key == Key.METRICS_ADDRESS) {
                    into.put(key, known(key, value.asText()), Origin.FILE);
                }
            }
            case NUMBER -> {
                if (!value.isIntegralNumber()) {
                    throw bad(path, "must be a whole number");
                }
                // containerd takes what is out of range as the nearest that is not.
                into.put(key, isThreshold(key) ? Math.max(0, value.asLong()) : value.asLong(), Origin.FILE);
            }
            case FRACTION -> {
                if (!value.isNumber()) {
                    throw bad(path, "must be a number");
                }
                into.put(key, Math.clamp(value.asDouble(), 0.0, PAUSE_THRESHOLD_MAX), Origin.FILE);
            }
            case FLAG -> throw new IllegalStateException("no flag has the same meaning: " + key);
        }
    }

    private static boolean isThreshold(Key key) {
        return key == Key.GC_DELETION_THRESHOLD || key == Key.GC_MUTATION_THRESHOLD;
    }

    /// containerd's levels go one further at both ends.
    private static String known(Key key, String value) {
        if (key != Key.DEBUG_LEVEL) {
            return value;
        }
        return switch (value) {
            case "fatal", "panic" -> "error";
            default -> value;
        };
    }

    private ConfigException bad(String path, String why) {
        return new ConfigException("config " + file.path() + ": " + path + ": " + why);
    }

    /// Keys of [#read]'s result as one line.
    static String warning(Path file, List<String> ignored) {
        return "config " + file + ": containerd keys without a meaning here: " + String.join(", ", ignored);
    }
}
