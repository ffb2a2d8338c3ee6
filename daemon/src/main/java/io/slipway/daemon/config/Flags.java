package io.slipway.daemon.config;

import java.util.EnumMap;
import java.util.Map;

/// The settings that have a flag.
public final class Flags {
    private static final Map<Key, String> NAMES = new EnumMap<>(Map.of(
            Key.ROOT, "--root",
            Key.STATE, "--state",
            Key.GRPC_ADDRESS, "--address",
            Key.MIRROR_ADDRESS, "--mirror-address",
            Key.METRICS_ADDRESS, "--metrics-address",
            Key.REGISTRY_CONFIG_PATH, "--config-path",
            Key.ROLES, "--roles",
            Key.DEBUG_LEVEL, "--log-level",
            Key.DEBUG_FORMAT, "--log-format"));

    private Flags() {}

    /// The flag of a key that has one, otherwise the key's path.
    static String of(Key key) {
        return NAMES.getOrDefault(key, key.path());
    }

    /// Every key that has a flag, with the flag's long name.
    public static Map<Key, String> names() {
        return Map.copyOf(NAMES);
    }
}
