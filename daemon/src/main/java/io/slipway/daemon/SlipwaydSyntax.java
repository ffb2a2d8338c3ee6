package io.slipway.daemon;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// What may be written after `slipwayd`. Built by hand: reading annotations costs a tenth of the start-up
/// time.
final class SlipwaydSyntax {
    static final String CONFIG = "--config";

    private SlipwaydSyntax() {}

    static CommandLine command() {
        CommandSpec config = CommandSpec.create().name("config");
        config.usageMessage().description("Show or check the configuration.");
        config.addOption(help());
        config.addSubcommand("default", leaf("default", "Print the embedded defaults."));
        config.addSubcommand("dump", settings(leaf("dump", "Print the settings in effect.")));
        config.addSubcommand(
                "check",
                settings(leaf("check", "Check a file, or all that would be in effect."))
                        .addPositional(file("0..1", "file to check")));
        config.addSubcommand(
                "migrate",
                leaf("migrate", "Print a containerd config.toml as one of Slipway's.")
                        .addPositional(file("1", "file to read")));

        CommandSpec root = settings(CommandSpec.create().name("slipwayd"));
        root.usageMessage().description("A node's container image service: pulls, keeps, mirrors, unpacks and runs.");
        root.addOption(help());
        root.addOption(OptionSpec.builder("--version", "-v")
                .versionHelp(true)
                .arity("0")
                .description("Print the version and exit.")
                .build());
        root.addSubcommand("config", config);
        // A flag given twice: the last one counts, as in a shell alias with a later correction.
        return new CommandLine(root).setOverwrittenOptionsAllowed(true);
    }

    private static CommandSpec leaf(String name, String description) {
        CommandSpec spec = CommandSpec.create().name(name);
        spec.usageMessage().description(description);
        return spec.addOption(help());
    }

    private static CommandSpec settings(CommandSpec spec) {
        return spec.addOption(option("FILE", "configuration file, ours or a containerd config.toml", "-c", CONFIG))
                .addOption(option("DIR", "what survives a reboot", "--root"))
                .addOption(option("DIR", "sockets, mounts, ready.json", "--state"))
                .addOption(option("SOCKET", "unix socket of the API", "-a", "--address"))
                .addOption(option("HOST:PORT|unix:PATH|off", "registry mirror", "--mirror-address"))
                .addOption(option("HOST:PORT|off", "metrics and health", "--metrics-address"))
                .addOption(option("DIR[:DIR...]", "directories with <host>/hosts.toml", "--config-path"))
                .addOption(option("ROLE[,ROLE...]", "mirror, api, runtime", "--roles"))
                .addOption(option("LEVEL", "trace, debug, info, warn, error", "-l", "--log-level"))
                .addOption(option("FORMAT", "text or json", "--log-format"));
    }

    private static OptionSpec option(String label, String description, String... names) {
        return OptionSpec.builder(names)
                .type(String.class)
                .arity("1")
                .paramLabel(label)
                .description(description)
                .build();
    }

    private static OptionSpec help() {
        return OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .arity("0")
                .description("Print this and exit.")
                .build();
    }

    private static PositionalParamSpec file(String arity, String description) {
        return PositionalParamSpec.builder()
                .type(String.class)
                .arity(arity)
                .paramLabel("FILE")
                .description(description)
                .build();
    }
}
