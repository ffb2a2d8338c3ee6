package io.slipway.daemon.cli;

import io.slipway.puller.ImageReference;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// `slipway commit`.
final class CommitCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("commit");
        spec.usageMessage()
                .description("Makes an image of what a container has changed, on top of the image it was made from.");
        spec.addOption(Slipway.flag(
                "pause the container meanwhile; should this command or the daemon be killed just then, it stays paused",
                "--pause"));
        spec.addOption(OptionSpec.builder("--compression")
                .type(LayerForm.class)
                .defaultValue("gzip")
                .paramLabel("gzip|zstd|none")
                .description("how the layer is packed; gzip")
                .build());
        spec.addOption(text("--author", "AUTHOR", "who made the image"));
        spec.addOption(text("--message", "TEXT", "a comment for the image's history"));
        spec.addPositional(argument(0, "CONTAINER"));
        spec.addPositional(argument(1, "REF"));
        return spec;
    }

    private static OptionSpec text(String name, String label, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .defaultValue("")
                .paramLabel(label)
                .description(description)
                .build();
    }

    private static PositionalParamSpec argument(int index, String label) {
        return PositionalParamSpec.builder()
                .index(Integer.toString(index))
                .required(true)
                .type(String.class)
                .paramLabel(label)
                .build();
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String container = arguments.matchedPositionalValue(0, "");
        ImageReference reference = References.image(arguments.matchedPositionalValue(1, ""));
        CommitOptions options = new CommitOptions(
                container,
                reference.name(),
                arguments.matchedOptionValue("--compression", LayerForm.gzip),
                arguments.matchedOptionValue("--pause", false),
                arguments.matchedOptionValue("--author", ""),
                arguments.matchedOptionValue("--message", ""));
        Undo undo = new Undo(session.signals());
        ContainerCommit.Committed made;
        List<String> left;
        try {
            Lease lease = Lease.create(session.connection(), session.clock(), "commit");
            undo.push("lease " + lease.id(), lease::delete);
            Connection leased = session.connection().under(lease.id());
            made = new ContainerCommit(leased, undo, session.clock()).run(options);
        } catch (CallFailed e) {
            throw e.about(container, "see the daemon's log");
        } catch (Json.Malformed e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.BAD_DATA, container, String.valueOf(e.getMessage()), "its image is damaged");
            failed.initCause(e);
            throw failed;
        } finally {
            // The image holds what stays; everything else was made for the way.
            left = undo.takeBack();
        }
        if (!left.isEmpty()) {
            session.terminal()
                    .err()
                    .println("slipway: commit " + container + ": could not take back " + String.join(", ", left)
                            + "; it goes with the lease within a day");
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("image", options.image());
        json.put("digest", made.manifest());
        json.put("layer", made.layer());
        json.put("diffId", made.diffId());
        json.put("size", made.layerBytes());
        session.result(json, made.manifest() + "\n");
        return ExitCode.OK.number();
    }
}
