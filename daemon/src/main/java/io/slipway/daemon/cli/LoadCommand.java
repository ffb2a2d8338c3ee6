package io.slipway.daemon.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `slipway load`.
final class LoadCommand implements Command {
    private static final String STDIN = "-";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("load");
        spec.usageMessage()
                .description(
                        "Takes images out of an archive (OCI image layout or `docker save`, also packed with gzip or"
                                + " zstd) or out of the directory of an OCI image layout.");
        spec.addOption(OptionSpec.builder("-i", "--input")
                .type(String.class)
                .paramLabel("FILE|DIR|-")
                .description("default: standard input")
                .build());
        spec.addOption(OptionSpec.builder("--name")
                .type(String.class)
                .paramLabel("REPOSITORY")
                .description("for images of which the archive tells only a tag, or nothing;"
                        + " default: localhost/imported")
                .build());
        Loader.addOptions(spec);
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String input = arguments.matchedOptionValue("--input", STDIN);
        Optional<String> base = Optional.ofNullable(arguments.matchedOptionValue("--name", null));
        if (base.isPresent()) {
            var _ = References.image(base.get() + ":any");
        }
        if (input.equals(STDIN)) {
            return Loader.load(
                    arguments,
                    session,
                    "standard input",
                    0,
                    base,
                    session.terminal().in()::transferTo);
        }
        Path path = Path.of(input);
        if (Files.isDirectory(path)) {
            LayoutDirectory layout = LayoutDirectory.of(path);
            return Loader.load(arguments, session, input, layout.bytes(), base, layout::writeTo);
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Loader.load(arguments, session, input, Files.size(path), base, in::transferTo);
        } catch (IOException e) {
            throw Loader.unreadable(input, e);
        }
    }
}
