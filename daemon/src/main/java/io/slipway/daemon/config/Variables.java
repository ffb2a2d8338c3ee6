package io.slipway.daemon.config;

import java.util.EnumMap;
import java.util.Map;

/// The settings that have an environment variable. A variable that is set and empty counts as not set,
/// except where empty is a value of its own (`off`).
final class Variables {
    static final String FILE = "SLIPWAY_CONFIG";

    private static final Map<Key, String> NAMES = new EnumMap<>(Map.of(
            Key.ROOT, "SLIPWAY_ROOT",
            Key.STATE, "SLIPWAY_STATE",
            Key.GRPC_ADDRESS, "SLIPWAY_ADDRESS",
            Key.MIRROR_ADDRESS, "SLIPWAY_MIRROR_ADDRESS",
            Key.METRICS_ADDRESS, "SLIPWAY_METRICS_ADDRESS"));

    private Variables() {}

    static String of(Key key) {
        return NAMES.getOrDefault(key, key.path());
    }

    static void read(Host host, Values into) {
        NAMES.forEach((key, name) ->
                host.variable(name).ifPresent(text -> into.putText(key, text, Values.Origin.ENVIRONMENT)));
    }
}
