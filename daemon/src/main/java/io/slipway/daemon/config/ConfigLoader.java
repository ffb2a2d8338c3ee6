package io.slipway.daemon.config;

import io.slipway.daemon.config.Values.Origin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Puts the sources together: flag over environment over file over default.
public final class ConfigLoader {
    private final Host host;
    private final Defaults defaults;

    public ConfigLoader(Host host) {
        this.host = host;
        this.defaults = new Defaults(host);
    }

    /// What the sources say together.
    ///
    /// @param config checked
    /// @param text the same as a file of ours
    /// @param file the file that was read
    /// @param warnings one line each
    public record Loaded(Config config, String text, Optional<Path> file, List<String> warnings) {}

    /// Reads all sources.
    ///
    /// @param flags settings given as flags
    /// @param file value of `--config`; without it the variable's file, without that the usual place, if
    ///     there is
    ///     one
    public Loaded load(Map<Key, String> flags, Optional<String> file) throws ConfigException {
        Values values = new Values(defaults);
        Optional<Path> path = file(file);
        List<String> warnings = path.isPresent() ? read(path.get(), values) : List.of();
        Variables.read(host, values);
        flags.forEach((key, text) -> values.putText(key, text, Origin.FLAG));
        return loaded(values, path, warnings);
    }

    /// Reads one file over the defaults and nothing else.
    public Loaded file(Path path) throws ConfigException {
        Values values = new Values(defaults);
        List<String> warnings = read(path, values);
        return loaded(values, Optional.of(path), warnings);
    }

    /// The embedded defaults.
    public Loaded defaults() throws ConfigException {
        return loaded(new Values(defaults), Optional.empty(), List.of());
    }

    private static Loaded loaded(Values values, Optional<Path> path, List<String> warnings) throws ConfigException {
        Config config = ConfigCheck.config(values);
        // Shown as it is in effect: the default depends on the state directory.
        values.put(Key.GRPC_ADDRESS, config.grpc().address().toString(), values.origin(Key.GRPC_ADDRESS));
        values.put(Key.MIRROR_LOCAL, config.mirror().local(), values.origin(Key.MIRROR_LOCAL));
        return new Loaded(config, ConfigText.of(values), path, warnings);
    }

    private Optional<Path> file(Optional<String> flag) {
        return flag.or(() -> host.variable(Variables.FILE))
                .map(Path::of)
                .or(() -> Optional.of(defaults.file()).filter(Files::exists));
    }

    private List<String> read(Path path, Values values) throws ConfigException {
        TomlFile file = TomlFile.read(path);
        if (ContainerdFile.recognises(file)) {
            List<String> ignored = ContainerdFile.read(file, host.path(), values);
            return ignored.isEmpty() ? List.of() : List.of(ContainerdFile.warning(path, ignored));
        }
        NativeFile.read(file, host.path(), values);
        return List.of();
    }
}
