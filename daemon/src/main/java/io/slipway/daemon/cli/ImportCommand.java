package io.slipway.daemon.cli;

import io.slipway.cas.Digest;
import io.slipway.puller.ImageReference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `slipway import`.
final class ImportCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("import");
        spec.usageMessage()
                .description("Adopts images out of the content directory of a containerd, which need not run. Its blobs"
                        + " are copied and verified; containerd's own stay as they are.");
        spec.addOption(OptionSpec.builder("--from-containerd")
                .type(String.class)
                .required(true)
                .paramLabel("DIR")
                .description("its root, as /var/lib/containerd, or its content directory")
                .build());
        spec.addOption(OptionSpec.builder("--image")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .required(true)
                .paramLabel("NAME@DIGEST")
                .description("an image to adopt, as `ctr images ls` shows name and digest; may be repeated")
                .build());
        Loader.addOptions(spec);
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session)
            throws CommandFailed, CallFailed, IOException, InterruptedException {
        String directory = arguments.matchedOptionValue("--from-containerd", "");
        List<ContainerdContent.Image> images = new ArrayList<>();
        for (String text : arguments.matchedOptionValue("--image", List.<String>of())) {
            images.add(image(text));
        }
        try {
            LayoutDirectory layout = ContainerdContent.in(Path.of(directory)).layout(images);
            return Loader.load(arguments, session, directory, layout.bytes(), Optional.empty(), layout::writeTo);
        } catch (Json.Malformed e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.BAD_DATA, directory, String.valueOf(e.getMessage()), "nothing of it was kept");
            failed.initCause(e);
            throw failed;
        } catch (IOException e) {
            throw Loader.unreadable(directory, e);
        }
    }

    /// The digest says what is adopted; it is not part of the name.
    private static ContainerdContent.Image image(String text) throws CommandFailed {
        ImageReference reference = References.image(text);
        Digest digest = reference
                .digest()
                .orElseThrow(() -> new CommandFailed(
                        ExitCode.USAGE,
                        text,
                        "it says no digest, and containerd's names are not read",
                        "write it as NAME@DIGEST, as `ctr images ls` shows them"));
        String name = reference.tag().isPresent()
                ? new ImageReference(reference.host(), reference.repository(), reference.tag(), Optional.empty()).name()
                : reference.name();
        return new ContainerdContent.Image(name, digest);
    }
}
