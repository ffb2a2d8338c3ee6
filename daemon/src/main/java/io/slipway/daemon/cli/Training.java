package io.slipway.daemon.cli;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.CreateContainerRequest;
import io.slipway.api.services.images.v1.Image;
import io.slipway.api.services.images.v1.ListImagesResponse;
import io.slipway.api.services.snapshots.v1.PrepareSnapshotResponse;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.types.Descriptor;
import io.slipway.api.types.Mount;
import io.slipway.linux.Os;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Uses in one process what the commands use in many, against a daemon without images, so that the build can record the
/// classes that every one of them needs. What a daemon without images and root does not lead to (starting a container)
/// is used piece by piece. Nothing it does matters; it only has to be done. See `.ci/train`.
final class Training {
    /// Port 9 of this machine: nobody listens there, and asking fails at once.
    private static final String NOBODY = "127.0.0.1:9/train/image:1";

    private static final List<List<String>> COMMANDS = List.of(
            List.of("version"),
            List.of("images"),
            List.of("--json", "images"),
            List.of("ps", "-a"),
            List.of("snapshotters"),
            List.of("rmi", "nothing"),
            List.of("rm", "-f", "nothing"),
            List.of("kill", "nothing"),
            List.of("logs", "nothing"),
            // Pulls, too.
            List.of("run", "--rm", NOBODY, "true"));

    private Training() {}

    /// @param globals the arguments before the command: which daemon
    static void run(List<String> globals) throws IOException {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]), nowhere, nowhere, false, System.getenv(), Optional.empty());
        for (List<String> command : COMMANDS) {
            List<String> arguments = new ArrayList<>(globals);
            arguments.addAll(command);
            int _ = new Slipway(terminal, new JvmSignals(), Clock.systemUTC()).run(arguments);
        }
        messages();
        Path scratch = Files.createTempDirectory("slipway-train");
        try {
            container(scratch);
        } finally {
            Files.deleteIfExists(scratch);
        }
    }

    private static void messages() throws IOException {
        Image image = Image.newBuilder()
                .setName(NOBODY)
                .putLabels("a", "b")
                .setTarget(Descriptor.newBuilder().setDigest("sha256:0").putAnnotations("a", "b"))
                .build();
        var _ = ListImagesResponse.parseFrom(
                ListImagesResponse.newBuilder().addImages(image).build().toByteString());
        Mount mount = Mount.newBuilder()
                .setType("overlay")
                .addOptions("lowerdir=/a:/b")
                .build();
        var _ = PrepareSnapshotResponse.parseFrom(
                PrepareSnapshotResponse.newBuilder().addMounts(mount).build().toByteString());
        var _ = CreateTaskRequest.newBuilder()
                .setContainerId("a")
                .addRootfs(mount)
                .build()
                .toByteString();
        var _ = WaitResponse.parseFrom(
                WaitResponse.newBuilder().setExitStatus(1).build().toByteString());
        var _ = CreateContainerRequest.newBuilder()
                .setContainer(Container.newBuilder()
                        .setId("a")
                        .putLabels("a", "b")
                        .setRuntime(Container.Runtime.newBuilder().setName("a"))
                        .setSpec(Messages.any(RuntimeSpec.TYPE_URL, "{}")))
                .build()
                .toByteString();
        var _ = SnapshotFiles.layers(List.of("upperdir=/u", "lowerdir=/a:/b"));
    }

    private static void container(Path scratch) throws IOException {
        ImageConfig config =
                ImageConfig.parse(("{\"config\":{\"Env\":[\"A=b\"],\"Cmd\":[\"a\"]},\"rootfs\":{\"diff_ids\":[\"sha256:"
                                + "0".repeat(64) + "\",\"sha256:" + "1".repeat(64) + "\"]}}")
                        .getBytes(StandardCharsets.UTF_8));
        Optional<String> _ = config.chainId();
        byte[] passwd;
        try (LayeredFiles files = new LayeredFiles(List.of(scratch))) {
            passwd = files.read("/etc/passwd", 1024).orElse(new byte[0]);
        }
        String _ = new RuntimeSpec(
                        "default",
                        "a",
                        config.arguments(List.of()),
                        config.env(),
                        "/",
                        ContainerUser.ofNumbers(passwd.length == 0 ? "0" : "1").orElseThrow(),
                        false,
                        Os.openFiles().hard(),
                        false)
                .json();
        Globals globals = new Globals(scratch.resolve("s").toString(), "default", false);
        ContainerFifos fifos = ContainerFifos.create(globals, "a");
        try {
            fifos.copy("stdout", new PrintStream(OutputStream.nullOutputStream()), () -> {});
            fifos.abandon(globals, "a");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            Files.deleteIfExists(scratch.resolve("cli"));
        }
    }
}
