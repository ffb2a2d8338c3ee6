package io.slipway.daemon;

import io.slipway.daemon.config.ConfigException;
import io.slipway.daemon.config.Flags;
import io.slipway.daemon.config.Key;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What was written after `slipwayd`. Read by hand: a library for command lines costs a tenth of the start-up time.
///
/// @param settings the flags that stand for keys; one given twice counts as last given
/// @param config the file that `--config` names
/// @param words what is no flag: the command and its arguments
/// @param help whether `--help` is among them
/// @param version whether `--version` is
record Arguments(
        Map<Key, String> settings, Optional<String> config, List<String> words, boolean help, boolean version) {
    static final String HELP = """
            Usage: slipwayd [FLAGS]
                   slipwayd [FLAGS] config default | dump | check [FILE] | migrate FILE

            A node's container image service: pulls, keeps, mirrors, unpacks and runs.

              -c, --config FILE            configuration file, ours or a containerd config.toml
                  --root DIR               what survives a reboot
                  --state DIR              sockets, mounts, ready.json
              -a, --address SOCKET         unix socket of the API
                  --mirror-address HOST:PORT|unix:PATH|off
                                           registry mirror; several, separated by commas
                  --metrics-address HOST:PORT|off
                                           metrics and health
                  --config-path DIR[:DIR...]
                                           directories with <host>/hosts.toml
                  --roles ROLE[,ROLE...]   mirror, api, runtime
              -l, --log-level LEVEL        trace, debug, info, warn, error
                  --log-format FORMAT      text or json
              -h, --help                   print this and exit
              -v, --version                print the version and exit

            config default   print the embedded defaults
            config dump      print the settings in effect
            config check     check a file, or all that would be in effect
            config migrate   print a containerd config.toml as one of Slipway's
            """;

    private static final String CONFIG = "--config";
    private static final Map<String, String> SHORT =
            Map.of("-c", CONFIG, "-a", "--address", "-l", "--log-level", "-h", "--help", "-v", "--version");

    Arguments {
        settings = Map.copyOf(settings);
        words = List.copyOf(words);
    }

    /// Takes apart `args`: flags as `--flag VALUE` or `--flag=VALUE`, anywhere.
    ///
    /// @throws ConfigException when a flag is unknown or lacks its value
    static Arguments parse(List<String> args) throws ConfigException {
        Map<Key, String> settings = new EnumMap<>(Key.class);
        Optional<String> config = Optional.empty();
        List<String> words = new ArrayList<>();
        boolean help = false;
        boolean version = false;
        Iterator<String> rest = args.iterator();
        while (rest.hasNext()) {
            String argument = rest.next();
            if (!argument.startsWith("-")) {
                words.add(argument);
                continue;
            }
            int equals = argument.indexOf('=');
            String written = equals < 0 ? argument : argument.substring(0, equals);
            String flag = SHORT.getOrDefault(written, written);
            Optional<Key> key = key(flag);
            if (key.isPresent() || flag.equals(CONFIG)) {
                String value = equals < 0 ? next(written, rest) : argument.substring(equals + 1);
                if (key.isPresent()) {
                    settings.put(key.get(), value);
                } else {
                    config = Optional.of(value);
                }
            } else if (argument.equals(written) && flag.equals("--help")) {
                help = true;
            } else if (argument.equals(written) && flag.equals("--version")) {
                version = true;
            } else {
                throw new ConfigException("unknown argument " + argument + "; see slipwayd --help");
            }
        }
        return new Arguments(settings, config, words, help, version);
    }

    private static Optional<Key> key(String flag) {
        return Flags.names().entrySet().stream()
                .filter(known -> known.getValue().equals(flag))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static String next(String flag, Iterator<String> rest) throws ConfigException {
        String value = rest.hasNext() ? rest.next() : "-";
        if (value.startsWith("-")) {
            throw new ConfigException(flag + ": needs a value; see slipwayd --help");
        }
        return value;
    }
}
