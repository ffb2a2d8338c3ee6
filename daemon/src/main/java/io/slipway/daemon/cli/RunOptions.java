package io.slipway.daemon.cli;

import io.slipway.puller.ImageReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// What `run` was asked for.
///
/// @param pull the image and how to get it when it is not here
/// @param id of the container
/// @param detach whether it goes on alone
/// @param remove whether it is removed at its end
/// @param env `NAME=VALUE`, or `NAME` for this process's own value
/// @param workingDir overrides the image's
/// @param user overrides the image's
/// @param hostNetwork whether it shares the host's network
/// @param command overrides the image's
record RunOptions(
        ImagePuller.Request pull,
        String id,
        boolean detach,
        boolean remove,
        List<String> env,
        Optional<String> workingDir,
        Optional<String> user,
        boolean hostNetwork,
        List<String> command) {

    private static final String REGISTRY_USER = "--registry-user";
    private static final String IDENTIFIER = "[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*";
    private static final int IDENTIFIER_CHARS_MAX = 76;

    RunOptions {
        env = List.copyOf(env);
        command = List.copyOf(command);
    }

    /// With the snapshotter that is meant.
    RunOptions chosen(Connection connection) throws CallFailed, CommandFailed, InterruptedException {
        return new RunOptions(pull.chosen(connection), id, detach, remove, env, workingDir, user, hostNetwork, command);
    }

    static CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("run");
        spec.usageMessage()
                .description(
                        "Runs a command in a new container, from an image that is pulled when it is not here.",
                        "Exits with the command's code; 125: it was not started, 126: not executable, 127: not found.");
        // What follows the image belongs to the command.
        spec.parser().stopAtPositional(true);
        spec.addOption(Slipway.flag("go on alone and print the container's id", "-d", "--detach"));
        spec.addOption(Slipway.flag("remove the container at its end", "--rm"));
        spec.addOption(text("NAME", "id of the container; default: random", "--name"));
        spec.addOption(OptionSpec.builder("-e", "--env")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1")
                .paramLabel("NAME[=VALUE]")
                .description("set a variable; without a value, take it over")
                .build());
        spec.addOption(text("DIR", "working directory", "-w", "--workdir"));
        spec.addOption(text("USER[:GROUP]", "who it runs as, names or numbers", "-u", "--user"));
        spec.addOption(text("none|host", "no network (default), or the host's", "--network"));
        PullOptions.addTo(spec, REGISTRY_USER);
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .required(true)
                .type(String.class)
                .paramLabel("REF")
                .build());
        spec.addPositional(PositionalParamSpec.builder()
                .index("1..*")
                .arity("0..*")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel("COMMAND")
                .build());
        return spec;
    }

    private static OptionSpec text(String label, String description, String... names) {
        return OptionSpec.builder(names)
                .type(String.class)
                .paramLabel(label)
                .description(description)
                .build();
    }

    static RunOptions of(ParseResult arguments, Terminal terminal) throws CommandFailed, IOException {
        ImageReference reference = References.image(arguments.matchedPositionalValue(0, ""));
        boolean detach = arguments.matchedOptionValue("--detach", false);
        boolean remove = arguments.matchedOptionValue("--rm", false);
        if (detach && remove) {
            throw usage("--rm and -d exclude each other: nobody would be there to remove it", "leave one out");
        }
        String id = arguments.matchedOptionValue("--name", Ids.container());
        if (!id.matches(IDENTIFIER) || id.length() > IDENTIFIER_CHARS_MAX) {
            throw usage(
                    "\"" + id + "\" is not a container name",
                    "use letters and digits, with single ., _ or - between, at most " + IDENTIFIER_CHARS_MAX);
        }
        String network = arguments.matchedOptionValue("--network", "none");
        if (!network.equals("none") && !network.equals("host")) {
            throw usage("there is no network " + network, "use none or host");
        }
        List<String> command = new ArrayList<>(arguments.matchedPositionalValue(1, List.<String>of()));
        return new RunOptions(
                PullOptions.request(arguments, REGISTRY_USER, reference, true, terminal),
                id,
                detach,
                remove,
                arguments.matchedOptionValue("--env", List.<String>of()),
                Optional.ofNullable(arguments.matchedOptionValue("--workdir", null)),
                Optional.ofNullable(arguments.matchedOptionValue("--user", null)),
                network.equals("host"),
                command);
    }

    private static CommandFailed usage(String what, String todo) {
        return new CommandFailed(ExitCode.USAGE, "", what, todo);
    }
}
