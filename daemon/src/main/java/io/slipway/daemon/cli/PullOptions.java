package io.slipway.daemon.cli;

import io.slipway.puller.ImageReference;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The options of a pull, shared by `pull` and `run`.
final class PullOptions {
    private static final int PASSWORD_BYTES_MAX = 64 * 1024;

    private PullOptions() {}

    /// Adds the options to a command. Its `-u` may be taken, so `--user` has no short form here.
    static void addTo(CommandSpec spec, String userOption) {
        spec.addOption(OptionSpec.builder(userOption)
                .type(String.class)
                .paramLabel("NAME[:PASSWORD]")
                .description("credentials for the registry; without a password it is asked for")
                .build());
        spec.addOption(Slipway.flag("read the registry password from standard input", "--password-stdin"));
        spec.addOption(Slipway.flag("speak plain HTTP to the registry", "--plain-http"));
        spec.addOption(OptionSpec.builder("--platform")
                .type(String.class)
                .paramLabel("OS/ARCH[/VARIANT]")
                .description("which image of an index; default: this machine's")
                .build());
        spec.addOption(OptionSpec.builder("--snapshotter")
                .type(String.class)
                .paramLabel("NAME")
                .description("where layers are unpacked; default: the daemon's")
                .build());
    }

    /// The pull that `arguments` describe.
    static ImagePuller.Request request(
            ParseResult arguments, String userOption, ImageReference reference, boolean unpack, Terminal terminal)
            throws CommandFailed, IOException {
        String platform = arguments.matchedOptionValue("--platform", "");
        return new ImagePuller.Request(
                reference,
                References.platform(platform),
                unpack,
                snapshotter(arguments, terminal),
                arguments.matchedOptionValue("--plain-http", false),
                credentials(arguments, userOption, reference, terminal));
    }

    private static String snapshotter(ParseResult arguments, Terminal terminal) {
        String fromEnvironment = terminal.environment().getOrDefault("CONTAINERD_SNAPSHOTTER", "");
        return arguments.matchedOptionValue("--snapshotter", fromEnvironment);
    }

    private static Optional<Credentials> credentials(
            ParseResult arguments, String userOption, ImageReference reference, Terminal terminal)
            throws CommandFailed, IOException {
        String user = arguments.matchedOptionValue(userOption, "");
        boolean fromStdin = arguments.matchedOptionValue("--password-stdin", false);
        if (user.isEmpty()) {
            if (fromStdin) {
                throw new CommandFailed(
                        ExitCode.USAGE, "", "--password-stdin needs " + userOption, "add " + userOption + " NAME");
            }
            return Optional.empty();
        }
        int colon = user.indexOf(':');
        if (colon >= 0 && fromStdin) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "",
                    "there are two passwords, in " + userOption + " and --password-stdin",
                    "leave one out");
        }
        String name = colon < 0 ? user : user.substring(0, colon);
        String password =
                colon >= 0 ? user.substring(colon + 1) : fromStdin ? readLine(terminal.in()) : ask(name, terminal);
        return Optional.of(new Credentials(reference.host(), name, password));
    }

    private static String ask(String name, Terminal terminal) throws CommandFailed {
        return terminal.keyboard()
                .flatMap(k -> k.secret("Password of " + name + ": "))
                .orElseThrow(() -> new CommandFailed(
                        ExitCode.USAGE,
                        "",
                        "there is no terminal to ask for the password",
                        "give it with --password-stdin"));
    }

    /// Everything up to the end of the first line.
    private static String readLine(InputStream in) throws IOException, CommandFailed {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        while (next >= 0 && next != '\n') {
            if (line.size() == PASSWORD_BYTES_MAX) {
                throw new CommandFailed(ExitCode.USAGE, "", "the password on standard input does not end", "");
            }
            line.write(next);
            next = in.read();
        }
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }
}
