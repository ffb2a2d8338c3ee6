package io.slipway.daemon.config;

import io.slipway.daemon.config.Values.Origin;
import io.slipway.daemon.log.LogFormat;
import io.slipway.puller.hosts.GoDuration;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.event.Level;

/// Turns settings into a [Config], or says which one cannot be used, who set it and why.
final class ConfigCheck {
    /// Bounds of counts: far above any use, so that a slip of the pen is noticed.
    private static final int CONNECTIONS_MAX = 64;

    private static final int DOWNLOADS_MAX = 256;
    private static final int UNPACKS_MAX = 256;
    private static final int LAYER_ENTRIES_MAX = 100_000_000;
    /// Nothing that deflate or zstd make comes near.
    private static final int LAYER_RATIO_MAX = 1_000_000;

    /// containerd's bound.
    private static final double PAUSE_THRESHOLD_MAX = 0.5;

    /// A collection that is put off for longer than this is one that was switched off by mistake.
    private static final Duration DELAY_MAX = Duration.ofHours(24);

    /// A year.
    private static final Duration INTERVAL_MAX = Duration.ofDays(365);

    private final Values values;

    private ConfigCheck(Values values) {
        this.values = values;
    }

    static Config config(Values values) throws ConfigException {
        return new ConfigCheck(values).config();
    }

    private Config config() throws ConfigException {
        if (values.number(Key.VERSION) != Defaults.VERSION) {
            throw new ConfigException("version: must be " + Defaults.VERSION + ", is " + values.number(Key.VERSION));
        }
        Path state = text(Key.STATE, ConfigCheck::absolute);
        List<Address> mirrors = mirrorAddresses();
        return new Config(
                text(Key.ROOT, ConfigCheck::absolute),
                state,
                roles(),
                rolesAsked(),
                new Config.Grpc(
                        text(Key.GRPC_ADDRESS, a -> socket(a, state)),
                        number(Key.GRPC_UID, 0, Integer.MAX_VALUE),
                        number(Key.GRPC_GID, 0, Integer.MAX_VALUE)),
                text(Key.METRICS_ADDRESS, a -> off(a) ? Optional.empty() : Optional.of(Address.tcp(a))),
                mirror(mirrors),
                new Config.Registry(text(Key.REGISTRY_CONFIG_PATH, ConfigCheck::directories), values.realms()),
                new Config.Store(
                        text(Key.STORE_MAX_BYTES, ConfigCheck::bytes),
                        text(Key.STORE_MIN_FREE, Size::parse),
                        isShared(),
                        text(Key.STORE_SCRUB_RATE, ConfigCheck::bytes),
                        text(Key.STORE_SCRUB_INTERVAL, ConfigCheck::interval)),
                gc(),
                new Config.Pull(
                        number(Key.PULL_MAX_CONCURRENT_DOWNLOADS, 1, DOWNLOADS_MAX),
                        number(Key.PULL_CONNECTIONS_PER_HOST, 1, CONNECTIONS_MAX),
                        number(Key.PULL_MAX_UNPACKS, 0, UNPACKS_MAX)),
                new Config.Snapshots(
                        text(Key.SNAPSHOTS_DEFAULT, ConfigCheck::name),
                        choice(Key.SNAPSHOTS_SYNC, "background", "before-commit")
                                .equals("before-commit"),
                        values.flag(Key.SNAPSHOTS_VOLATILE),
                        values.flag(Key.SNAPSHOTS_SLOW_CHOWN),
                        layers()),
                values.streamProcessors(),
                new Config.Debug(text(Key.DEBUG_LEVEL, ConfigCheck::level), text(Key.DEBUG_FORMAT, LogFormat::parse)));
    }

    private Config.Gc gc() throws ConfigException {
        double pause = values.fraction(Key.GC_PAUSE_THRESHOLD);
        if (!(pause >= 0 && pause <= PAUSE_THRESHOLD_MAX)) {
            throw bad(Key.GC_PAUSE_THRESHOLD, "must be 0 to " + PAUSE_THRESHOLD_MAX, Double.toString(pause));
        }
        return new Config.Gc(
                pause,
                number(Key.GC_DELETION_THRESHOLD, 0, Integer.MAX_VALUE),
                number(Key.GC_MUTATION_THRESHOLD, 0, Integer.MAX_VALUE),
                text(Key.GC_SCHEDULE_DELAY, ConfigCheck::delay),
                text(Key.GC_STARTUP_DELAY, ConfigCheck::delay));
    }

    private Config.Layers layers() throws ConfigException {
        return new Config.Layers(
                number(Key.SNAPSHOTS_MAX_LAYER_ENTRIES, 1, LAYER_ENTRIES_MAX),
                number(Key.SNAPSHOTS_MAX_LAYER_DIRECTORIES, 1, LAYER_ENTRIES_MAX),
                text(Key.SNAPSHOTS_MAX_LAYER_BYTES, ConfigCheck::someBytes),
                number(Key.SNAPSHOTS_MAX_LAYER_RATIO, 1, LAYER_RATIO_MAX));
    }

    private Config.Mirror mirror(List<Address> addresses) throws ConfigException {
        Optional<String> upstream =
                Optional.of(values.text(Key.MIRROR_DEFAULT_UPSTREAM)).filter(u -> !u.isEmpty());
        boolean local = values.flag(Key.MIRROR_LOCAL);
        if (upstream.isPresent() && local) {
            // One word decides what a name without host means; a default gives way to it, a second word
            // contradicts it.
            if (values.origin(Key.MIRROR_LOCAL) != Origin.DEFAULT) {
                throw new ConfigException("mirror.default_upstream and mirror.local = true exclude each other: "
                        + "a name without host would mean two things; set one of them");
            }
            local = false;
        }
        return new Config.Mirror(
                addresses,
                values.list(Key.MIRROR_UPSTREAMS),
                upstream,
                local,
                values.flag(Key.MIRROR_PUBLIC_CACHE),
                values.flag(Key.MIRROR_EARLY_RANGES));
    }

    private List<Address> mirrorAddresses() throws ConfigException {
        List<String> listed = values.list(Key.MIRROR_ADDRESS);
        List<Address> addresses = new ArrayList<>();
        for (String one : listed) {
            if (off(one)) {
                if (listed.size() > 1) {
                    throw bad(Key.MIRROR_ADDRESS, "\"off\" stands alone", one);
                }
                return List.of();
            }
            addresses.add(checked(Key.MIRROR_ADDRESS, one, Address::parse));
        }
        return addresses;
    }

    private Set<Role> roles() throws ConfigException {
        EnumSet<Role> roles = EnumSet.noneOf(Role.class);
        for (String one : values.list(Key.ROLES)) {
            roles.add(checked(Key.ROLES, one.strip(), ConfigCheck::role));
        }
        if (roles.isEmpty()) {
            throw bad(Key.ROLES, "names no role: mirror, api, runtime", "");
        }
        if (roles.contains(Role.RUNTIME)) {
            roles.add(Role.API);
        }
        return roles;
    }

    /// A file that merely repeats the default, as `config default` writes it, asks for nothing.
    private boolean rolesAsked() {
        return switch (values.origin(Key.ROLES)) {
            case DEFAULT -> false;
            case FILE -> !values.list(Key.ROLES).equals(List.of("mirror", "api", "runtime"));
            case ENVIRONMENT, FLAG -> true;
        };
    }

    private <T> T text(Key key, Function<String, T> parse) throws ConfigException {
        return checked(key, values.text(key), parse);
    }

    private <T> T checked(Key key, String value, Function<String, T> parse) throws ConfigException {
        try {
            return parse.apply(value);
        } catch (IllegalArgumentException e) {
            String why = e instanceof InvalidPathException ? "is no path" : String.valueOf(e.getMessage());
            throw bad(key, why, value);
        }
    }

    private int number(Key key, int least, int most) throws ConfigException {
        long value = values.number(key);
        if (value < least || value > most) {
            throw bad(key, "must be " + least + " to " + most, Long.toString(value));
        }
        return (int) value;
    }

    private String choice(Key key, String... choices) throws ConfigException {
        String value = values.text(key);
        if (!Arrays.asList(choices).contains(value)) {
            throw bad(key, "must be " + String.join(" or ", choices), value);
        }
        return value;
    }

    private ConfigException bad(Key key, String why, String value) {
        String name = switch (values.origin(key)) {
            case FLAG -> Flags.of(key);
            case ENVIRONMENT -> Variables.of(key);
            case FILE, DEFAULT -> key.path();
        };
        return new ConfigException(name + " \"" + value + "\": " + why);
    }

    private boolean isShared() throws ConfigException {
        return choice(Key.STORE_SHARING_POLICY, "shared", "isolated").equals("shared");
    }

    private static boolean off(String address) {
        return address.isEmpty() || address.equals("off");
    }

    private static Path absolute(String text) {
        Path path = Path.of(text);
        if (text.isEmpty() || !path.isAbsolute()) {
            throw new IllegalArgumentException("must be an absolute path");
        }
        return path.normalize();
    }

    private static Path socket(String text, Path state) {
        if (text.isEmpty()) {
            return SocketPath.checkApi(state.resolve("slipway.sock"));
        }
        // Clients write it with the scheme of Go's dialler; it means the same.
        return SocketPath.checkApi(Path.of(text.startsWith("unix://") ? text.substring("unix://".length()) : text));
    }

    private static List<Path> directories(String text) {
        return Arrays.stream(text.split(":", -1))
                .filter(dir -> !dir.isEmpty())
                .map(ConfigCheck::absolute)
                .toList();
    }

    private static long bytes(String text) {
        if (Size.parse(text) instanceof Size.Bytes(long count)) {
            return count;
        }
        throw new IllegalArgumentException("must be a number of bytes such as \"50GiB\", or \"0\"");
    }

    private static Duration delay(String text) {
        Duration delay = GoDuration.parse(text);
        if (delay.compareTo(DELAY_MAX) > 0) {
            throw new IllegalArgumentException("must be at most " + DELAY_MAX.toHours() + "h");
        }
        return delay;
    }

    private static Duration interval(String text) {
        Duration interval = GoDuration.parse(text);
        if (interval.compareTo(INTERVAL_MAX) > 0) {
            throw new IllegalArgumentException("must be at most " + INTERVAL_MAX.toHours() + "h");
        }
        return interval;
    }

    private static long someBytes(String text) {
        long count = bytes(text);
        if (count == 0) {
            throw new IllegalArgumentException("must be more than 0");
        }
        return count;
    }

    private static String name(String text) {
        if (!text.matches("[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")) {
            throw new IllegalArgumentException("must be the name of a snapshotter");
        }
        return text;
    }

    private static Level level(String text) {
        return switch (text) {
            case "trace" -> Level.TRACE;
            case "debug" -> Level.DEBUG;
            case "info" -> Level.INFO;
            case "warn" -> Level.WARN;
            case "error" -> Level.ERROR;
            default -> throw new IllegalArgumentException("must be trace, debug, info, warn or error");
        };
    }

    private static Role role(String text) {
        return Arrays.stream(Role.values())
                .filter(r -> r.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("must be mirror, api or runtime"));
    }
}
