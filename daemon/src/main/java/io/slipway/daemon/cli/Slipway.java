package io.slipway.daemon.cli;

import io.slipway.daemon.cli.Signals.Subscription;
import java.io.IOException;
import java.time.Clock;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// The program without its process: parses the arguments, runs the one command they name, turns what went wrong into a
/// line and an exit code.
final class Slipway {
    private static final Map<String, Supplier<Command>> COMMANDS =
            new TreeMap<>(Map.<String, Supplier<Command>>ofEntries(
                    Map.entry("commit", CommitCommand::new),
                    Map.entry("du", DuCommand::new),
                    Map.entry("fsck", FsckCommand::new),
                    Map.entry("images", ImagesCommand::new),
                    Map.entry("import", ImportCommand::new),
                    Map.entry("kill", KillCommand::new),
                    Map.entry("load", LoadCommand::new),
                    Map.entry("logs", LogsCommand::new),
                    Map.entry("ps", PsCommand::new),
                    Map.entry("pull", PullCommand::new),
                    Map.entry("rm", RmCommand::new),
                    Map.entry("rmi", RmiCommand::new),
                    Map.entry("run", RunCommand::new),
                    Map.entry("save", SaveCommand::new),
                    Map.entry("scrub", ScrubCommand::new),
                    Map.entry("snapshotters", SnapshottersCommand::new),
                    Map.entry("version", VersionCommand::new),
                    Map.entry("why", WhyCommand::new)));

    private final Terminal terminal;
    private final Signals signals;
    private final Clock clock;

    Slipway(Terminal terminal, Signals signals, Clock clock) {
        this.terminal = terminal;
        this.signals = signals;
        this.clock = clock;
    }

    /// Runs the command that `arguments` name.
    ///
    /// @return the exit code of the process
    int run(List<String> arguments) {
        Optional<String> name = commandName(arguments);
        Optional<Command> command = name.map(COMMANDS::get).map(Supplier::get);
        if (name.isPresent() && command.isEmpty()) {
            return fail(
                    name.get(),
                    new CommandFailed(ExitCode.USAGE, "", "there is no such command", "see `slipway --help`"));
        }
        CommandLine line = commandLine(name, command);
        ParseResult parsed;
        try {
            parsed = line.parseArgs(arguments.toArray(String[]::new));
        } catch (ParameterException e) {
            String of = name.map(n -> "slipway " + n).orElse("slipway");
            return fail(
                    name.orElse("usage"),
                    command,
                    new CommandFailed(ExitCode.USAGE, "", String.valueOf(e.getMessage()), "see `" + of + " --help`"));
        }
        ParseResult own = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
        if (parsed.hasMatchedOption("--help") || own.hasMatchedOption("--help")) {
            own.commandSpec().commandLine().usage(terminal.out());
            return ExitCode.OK.number();
        }
        if (command.isEmpty()) {
            return fail("usage", new CommandFailed(ExitCode.USAGE, "", "no command was given", "see `slipway --help`"));
        }
        try {
            Globals globals = Globals.of(
                    parsed.matchedOptionValue("--address", null),
                    parsed.matchedOptionValue("--namespace", null),
                    parsed.hasMatchedOption("--json") || own.hasMatchedOption("--json"),
                    terminal.environment());
            return run(name.orElseThrow(), command.get(), own, globals);
        } catch (CommandFailed e) {
            return fail(name.orElseThrow(), command, e);
        }
    }

    private int run(String name, Command command, ParseResult arguments, Globals globals) {
        AtomicInteger signal = new AtomicInteger();
        Thread main = Thread.currentThread();
        try (Session session = new Session(terminal, globals, signals, clock);
                Subscription _ = signals.on(List.of("INT", "TERM", "HUP"), received -> {
                    signal.compareAndSet(0, Signals.number(received).orElse(Signals.INTERRUPT));
                    main.interrupt();
                })) {
            return command.run(arguments, session);
        } catch (CommandFailed e) {
            return fail(name, Optional.of(command), e);
        } catch (CallFailed e) {
            return fail(name, Optional.of(command), e.about("", "see the daemon's log"));
        } catch (IOException e) {
            return fail(
                    name,
                    Optional.of(command),
                    new CommandFailed(ExitCode.STORAGE, "", String.valueOf(e.getMessage()), ""));
        } catch (InterruptedException _) {
            // The shell's convention: 128 + signal, so 130 for ^C.
            int number = signal.get() == 0 ? Signals.INTERRUPT : signal.get();
            terminal.err().println("slipway: " + name + ": interrupted; what was begun is taken back");
            return 128 + number;
        }
    }

    private int fail(String name, CommandFailed failure) {
        return fail(name, Optional.empty(), failure);
    }

    private int fail(String name, Optional<Command> command, CommandFailed failure) {
        terminal.err().println(failure.line(name));
        int code = failure.exitCode();
        return command.map(c -> c.exitCode(code)).orElse(code);
    }

    /// The first argument that is neither a global option nor the value of one.
    private static Optional<String> commandName(List<String> arguments) {
        Iterator<String> rest = arguments.iterator();
        while (rest.hasNext()) {
            String argument = rest.next();
            if (!argument.startsWith("-")) {
                return Optional.of(argument);
            }
            boolean takesValue = List.of("-a", "--address", "-n", "--namespace").contains(argument);
            if (takesValue && rest.hasNext()) {
                rest.next();
            }
        }
        return Optional.empty();
    }

    /// With the one command that is wanted, or, to show help, with all.
    private static CommandLine commandLine(Optional<String> name, Optional<Command> command) {
        CommandSpec root = CommandSpec.create().name("slipway");
        root.usageMessage()
                .description("Talks to slipwayd: pulls, lists and runs images.")
                .synopsisSubcommandLabel("COMMAND");
        root.addOption(OptionSpec.builder("-a", "--address")
                .type(String.class)
                .paramLabel("SOCKET")
                .description("the daemon's socket; else SLIPWAY_ADDRESS, CONTAINERD_ADDRESS, /run/slipway/slipway.sock")
                .build());
        root.addOption(OptionSpec.builder("-n", "--namespace")
                .type(String.class)
                .paramLabel("NAMESPACE")
                .description("containerd namespace; else CONTAINERD_NAMESPACE, default")
                .build());
        root.addOption(flag("print results as JSON", "--json"));
        root.addOption(help());
        if (name.isPresent() && command.isPresent()) {
            root.addSubcommand(name.get(), finished(command.get().spec()));
        } else {
            COMMANDS.forEach((each, supplier) ->
                    root.addSubcommand(each, finished(supplier.get().spec())));
        }
        return new CommandLine(root).setExpandAtFiles(false).setStopAtUnmatched(false);
    }

    private static CommandSpec finished(CommandSpec spec) {
        return spec.addOption(flag("print results as JSON", "--json")).addOption(help());
    }

    private static OptionSpec help() {
        return OptionSpec.builder("-h", "--help")
                .type(boolean.class)
                .usageHelp(true)
                .description("show this text")
                .build();
    }

    static OptionSpec flag(String description, String... names) {
        return OptionSpec.builder(names)
                .type(boolean.class)
                .description(description)
                .build();
    }
}
