package io.slipway.daemon;

import io.slipway.daemon.config.ConfigException;
import io.slipway.daemon.config.ConfigLoader;
import io.slipway.daemon.config.ConfigLoader.Loaded;
import io.slipway.daemon.config.Flags;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.config.Key;
import io.slipway.daemon.log.LogFormat;
import io.slipway.daemon.log.LogSink;
import io.slipway.daemon.log.Logs;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.hosts.Hosts;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

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
        CommandLine command = SlipwaydSyntax.command();
        try {
            return run(command.parseArgs(args));
        } catch (UnmatchedArgumentException e) {
            console.failure("unknown argument " + String.join(" ", e.getUnmatched()) + "; see slipwayd --help");
            return ExitCode.BAD_CONFIG;
        } catch (ParameterException e) {
            console.failure(e.getMessage() + "; see slipwayd --help");
            return ExitCode.BAD_CONFIG;
        } catch (ConfigException e) {
            console.failure(String.valueOf(e.getMessage()));
            return ExitCode.BAD_CONFIG;
        } catch (StartException e) {
            console.failure(String.valueOf(e.getMessage()));
            return e.code();
        }
    }

    private ExitCode run(ParseResult parsed) throws ConfigException, StartException {
        ParseResult last = last(parsed);
        if (last.isUsageHelpRequested()) {
            console.result(last.commandSpec().commandLine().getUsageMessage());
            return ExitCode.STOPPED;
        }
        if (parsed.isVersionHelpRequested()) {
            console.result("slipwayd " + Version.ofThisBuild() + "\n");
            return ExitCode.STOPPED;
        }
        return switch (last.commandSpec().name()) {
            case "config" -> {
                console.failure("config: name what to do: default, dump, check or migrate");
                yield ExitCode.BAD_CONFIG;
            }
            case "default" -> printed(new ConfigLoader(host).defaults());
            case "dump" -> printed(effective(parsed, last));
            case "check" -> check(parsed, last);
            case "migrate" ->
                migrate(argument(last)
                        .orElseThrow(() -> new ConfigException("config migrate: name the file; see slipwayd --help")));
            default -> start(effective(parsed, last), () -> effective(parsed, last));
        };
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

    private ExitCode check(ParseResult parsed, ParseResult last) throws ConfigException {
        Optional<String> file = argument(last);
        Loaded loaded = file.isPresent() ? new ConfigLoader(host).file(Path.of(file.get())) : effective(parsed, last);
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

    private Loaded effective(ParseResult parsed, ParseResult last) throws ConfigException {
        Map<Key, String> flags = new EnumMap<>(Key.class);
        for (ParseResult level : List.of(parsed, last)) {
            Flags.names().forEach((key, flag) -> value(level, flag).ifPresent(text -> flags.put(key, text)));
        }
        Optional<String> file = value(last, SlipwaydSyntax.CONFIG).or(() -> value(parsed, SlipwaydSyntax.CONFIG));
        return new ConfigLoader(host).load(flags, file);
    }

    private static Optional<String> value(ParseResult level, String flag) {
        return Optional.ofNullable(level.matchedOption(flag)).map(option -> option.<String>getValue());
    }

    private static Optional<String> argument(ParseResult level) {
        return level.matchedPositionals().stream()
                .map(p -> p.<String>getValue())
                .findFirst();
    }

    private static ParseResult last(ParseResult parsed) {
        ParseResult at = parsed;
        while (at.hasSubcommand()) {
            at = at.subcommand();
        }
        return at;
    }

    private static boolean asksForJson(List<String> args) {
        int flag = args.lastIndexOf("--log-format");
        return args.contains("--log-format=json")
                || (flag >= 0 && flag + 1 < args.size() && args.get(flag + 1).equals("json"));
    }
}
