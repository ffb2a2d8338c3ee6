package io.slipway.daemon;

import io.slipway.daemon.config.ConfigException;
import io.slipway.daemon.config.ConfigLoader;
import io.slipway.daemon.config.ConfigLoader.Loaded;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.log.LogFormat;
import io.slipway.daemon.log.LogSink;
import io.slipway.daemon.log.Logs;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.hosts.Hosts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The slipwayd command: reads flags, then either answers one of the `config` subcommands or runs the
/// daemon.
final class Slipwayd {
    private static final Logger log = LoggerFactory.getLogger(Slipwayd.class);

    private final Host host;
    private final Console console;
    private final Starter starter;

    /// Runs the daemon until it has stopped.
    interface Starter {
        /// @param reread reads the configuration again, from the same flags
        ExitCode run(Loaded loaded, Lifecycle.Reread reread) throws StartException;
    }

    Slipwayd(Host host, Console console, Starter starter) {
        this.host = host;
        this.console = console;
        this.starter = starter;
    }

    ExitCode run(String... args) {
        // Even a complaint about another flag is JSON when JSON was asked for.
        if (asksForJson(List.of(args))) {
            Logs.sink().ifPresent(sink -> sink.format(LogFormat.JSON));
        }
        try {
            return run(Arguments.parse(List.of(args)));
        } catch (ConfigException e) {
            console.failure(String.valueOf(e.getMessage()));
            return ExitCode.BAD_CONFIG;
        } catch (StartException e) {
            console.failure(String.valueOf(e.getMessage()));
            return e.code();
        }
    }

    private ExitCode run(Arguments arguments) throws ConfigException, StartException {
        if (arguments.help()) {
            console.result(Arguments.HELP);
            return ExitCode.STOPPED;
        }
        if (arguments.version()) {
            console.result("slipwayd " + Version.ofThisBuild() + "\n");
            return ExitCode.STOPPED;
        }
        List<String> words = arguments.words();
        if (words.isEmpty()) {
            return start(effective(arguments), () -> effective(arguments));
        }
        if (!words.getFirst().equals("config")) {
            throw unknown(words.getFirst());
        }
        if (words.size() == 1) {
            throw new ConfigException("config: name what to do: default, dump, check or migrate");
        }
        Optional<String> file = words.stream().skip(2).findFirst();
        return switch (words.get(1)) {
            case "default" -> {
                atMost(2, words);
                yield printed(new ConfigLoader(host).defaults());
            }
            case "dump" -> {
                atMost(2, words);
                yield printed(effective(arguments));
            }
            case "check" -> {
                atMost(3, words);
                yield check(file.isPresent() ? new ConfigLoader(host).file(Path.of(file.get())) : effective(arguments));
            }
            case "migrate" -> {
                atMost(3, words);
                yield migrate(file.orElseThrow(
                        () -> new ConfigException("config migrate: name the file; see slipwayd --help")));
            }
            default -> throw unknown(words.get(1));
        };
    }

    private static void atMost(int count, List<String> words) throws ConfigException {
        if (words.size() > count) {
            throw unknown(words.get(count));
        }
    }

    private static ConfigException unknown(String argument) {
        return new ConfigException("unknown argument " + argument + "; see slipwayd --help");
    }

    private ExitCode start(Loaded loaded, Lifecycle.Reread reread) throws StartException {
        Logs.sink().ifPresent(sink -> configure(sink, loaded));
        for (String warning : loaded.warnings()) {
            log.warn(warning);
        }
        return starter.run(loaded, reread);
    }

    private static void configure(LogSink sink, Loaded loaded) {
        sink.format(loaded.config().debug().format());
        sink.level(loaded.config().debug().level());
    }

    private ExitCode printed(Loaded loaded) {
        console.result(loaded.text());
        return ExitCode.STOPPED;
    }

    private ExitCode check(Loaded loaded) throws ConfigException {
        loaded.warnings().forEach(w -> console.result("warning: " + w + "\n"));
        // While running, a hosts.toml that does not parse falls back to the registry itself; here it is a
        // mistake.
        List<String> faults = new Hosts(loaded.config().registry().configPath(), List::of, PullerObserver.NONE).check();
        if (!faults.isEmpty()) {
            throw new ConfigException(String.join("; ", faults));
        }
        console.result(loaded.file().map(Path::toString).orElse("defaults") + ": good\n");
        return ExitCode.STOPPED;
    }

    private ExitCode migrate(String file) throws ConfigException {
        Loaded loaded = new ConfigLoader(host).file(Path.of(file));
        loaded.warnings().forEach(w -> console.result("# " + w + "\n"));
        return printed(loaded);
    }

    private Loaded effective(Arguments arguments) throws ConfigException {
        return new ConfigLoader(host).load(arguments.settings(), arguments.config());
    }

    private static boolean asksForJson(List<String> args) {
        int flag = args.lastIndexOf("--log-format");
        return args.contains("--log-format=json")
                || (flag >= 0 && flag + 1 < args.size() && args.get(flag + 1).equals("json"));
    }
}
