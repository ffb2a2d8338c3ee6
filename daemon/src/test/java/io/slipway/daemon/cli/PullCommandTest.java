package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.types.transfer.AuthRequest;
import io.slipway.api.types.transfer.AuthResponse;
import io.slipway.api.types.transfer.AuthType;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.OCIRegistry;
import io.slipway.api.types.transfer.Progress;
import io.slipway.cas.ApiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PullCommandTest {
    private static final String NAME = "registry.test:5000/lab/image:1";

    @TempDir
    Path dir;

    private FakeDaemon daemon;
    private Shell shell;

    @BeforeEach
    void listen() throws Exception {
        daemon = new FakeDaemon().listen(dir.resolve("s"));
        shell = new Shell(dir.resolve("s"));
    }

    @AfterEach
    void close() {
        daemon.close();
    }

    @Test
    void asksForTheCanonicalNameUnpackedForThisMachine() throws Exception {
        AtomicReference<TransferRequest> asked = new AtomicReference<>();
        daemon.transfer = (d, request) -> {
            asked.set(request);
            String _ = d.image("docker.io/library/busybox:latest", "{}");
        };
        assertThat(shell.run("pull", "--platform", "linux/arm64/v8", "--plain-http", "busybox"))
                .as(shell.err())
                .isZero();
        OCIRegistry source = OCIRegistry.parseFrom(asked.get().getSource().getValue());
        ImageStore target = ImageStore.parseFrom(asked.get().getDestination().getValue());
        assertThat(asked.get().getSource().getTypeUrl()).isEqualTo("containerd.types.transfer.OCIRegistry");
        assertThat(asked.get().getDestination().getTypeUrl()).isEqualTo("containerd.types.transfer.ImageStore");
        assertThat(source.getReference()).isEqualTo("docker.io/library/busybox:latest");
        assertThat(source.getResolver().getDefaultScheme()).isEqualTo("http");
        assertThat(source.getResolver().getAuthStream()).isEmpty();
        assertThat(target.getName()).isEqualTo("docker.io/library/busybox:latest");
        assertThat(target.getUnpacks(0).getSnapshotter()).isEqualTo("overlayfs");
        assertThat(target.getUnpacks(0).getPlatform().getArchitecture()).isEqualTo("arm64");
        assertThat(shell.out())
                .startsWith("docker.io/library/busybox:latest   sha256:")
                .hasLineCount(1);
    }

    @Test
    void anImageThatIsOnlyToBeStoredIsAskedForWithoutASnapshotter() throws Exception {
        AtomicReference<TransferRequest> asked = new AtomicReference<>();
        daemon.transfer = (d, request) -> {
            asked.set(request);
            String _ = d.image("docker.io/library/busybox:latest", "{}");
        };
        assertThat(shell.run("pull", "--no-unpack", "busybox")).as(shell.err()).isZero();
        ImageStore target = ImageStore.parseFrom(asked.get().getDestination().getValue());
        assertThat(target.getUnpacksList()).isEmpty();
        assertThat(target.getPlatformsList()).hasSize(1);
    }

    @Test
    void whereToUnpackAndNotToContradictEachOther() {
        assertThat(shell.run("pull", "--no-unpack", "--snapshotter", "native", "busybox"))
                .isEqualTo(2);
        assertThat(shell.err()).contains("--no-unpack").hasLineCount(1);
    }

    @Test
    void finishedLayersAreLinesOnStandardError() {
        daemon.transfer = (d, request) -> {
            String id = request.getOptions().getProgressStream();
            FakeDaemon.Stream stream = FakeDaemon.found(d.streams, id, "stream");
            String layer = "layer-sha256:" + "a".repeat(64);
            for (Progress progress : new Progress[] {
                Progress.newBuilder().setEvent("Resolving from x").build(),
                Progress.newBuilder()
                        .setName(layer)
                        .setEvent("waiting")
                        .setTotal(2000)
                        .build(),
                Progress.newBuilder()
                        .setName(layer)
                        .setEvent("downloading")
                        .setProgress(1000)
                        .setTotal(2000)
                        .build(),
                Progress.newBuilder().setName(layer).setEvent("complete").build(),
                Progress.newBuilder().setName(layer).setEvent("extracting").build(),
                Progress.newBuilder().setName(layer).setEvent("extracted").build()
            }) {
                stream.out()
                        .write(Any.newBuilder()
                                .setTypeUrl("containerd.types.transfer.Progress")
                                .setValue(progress.toByteString())
                                .build());
            }
            // As the daemon does it, which ends the stream before it answers the call.
            FakeDaemon.end(stream);
            Awaitility.await("the stream has ended").until(() -> !d.streams.containsKey(id));
            String _ = d.image(NAME, "{}");
        };
        assertThat(shell.run("pull", NAME)).as(shell.err()).isZero();
        assertThat(shell.err()).isEqualTo("layer sha256:aaaaaaaaaaaa 2.0 kB done\n");
    }

    @Test
    void credentialsAreGivenToTheImagesOwnRegistryOnly() throws Exception {
        AtomicReference<AuthResponse> own = new AtomicReference<>();
        AtomicReference<AuthResponse> other = new AtomicReference<>();
        daemon.transfer = (d, request) -> {
            String stream = OCIRegistry.parseFrom(request.getSource().getValue())
                    .getResolver()
                    .getAuthStream();
            own.set(ask(FakeDaemon.found(d.streams, stream, "stream"), "registry.test:5000"));
            other.set(ask(FakeDaemon.found(d.streams, stream, "stream"), "evil.test"));
            String _ = d.image(NAME, "{}");
        };
        shell.in = new ByteArrayInputStream("s3cret:x\r\nrest".getBytes(StandardCharsets.UTF_8));
        assertThat(shell.run("pull", "--user", "me", "--password-stdin", NAME))
                .as(shell.err())
                .isZero();
        assertThat(own.get().getAuthType()).isEqualTo(AuthType.CREDENTIALS);
        assertThat(own.get().getUsername()).isEqualTo("me");
        assertThat(own.get().getSecret()).isEqualTo("s3cret:x");
        assertThat(other.get()).isEqualTo(AuthResponse.getDefaultInstance());
        assertThat(shell.in.read()).as("only the first line is taken").isEqualTo('r');
    }

    private static AuthResponse ask(FakeDaemon.Stream stream, String host) throws IOException, InterruptedException {
        stream.out()
                .write(Any.newBuilder()
                        .setTypeUrl("containerd.types.transfer.AuthRequest")
                        .setValue(AuthRequest.newBuilder().setHost(host).build().toByteString())
                        .build());
        return AuthResponse.parseFrom(stream.in().next().orElseThrow().getValue());
    }

    @Test
    void aMissingPasswordIsAskedForAtTheTerminal() {
        shell.keyboard =
                Optional.of(question -> question.equals("Password of me: ") ? Optional.of("typed") : Optional.empty());
        AtomicReference<String> secret = new AtomicReference<>();
        daemon.transfer = (d, request) -> {
            String stream = OCIRegistry.parseFrom(request.getSource().getValue())
                    .getResolver()
                    .getAuthStream();
            secret.set(ask(FakeDaemon.found(d.streams, stream, "stream"), "registry.test:5000")
                    .getSecret());
            String _ = d.image(NAME, "{}");
        };
        assertThat(shell.run("pull", "--user", "me", NAME)).as(shell.err()).isZero();
        assertThat(secret.get()).isEqualTo("typed");
    }

    @Test
    void withoutTerminalAMissingPasswordIsUsage() {
        assertThat(shell.run("pull", "--user", "me", NAME)).isEqualTo(2);
        assertThat(shell.err()).contains("give it with --password-stdin").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "NOT_FOUND, 3",
        "UNAUTHENTICATED, 4",
        "PERMISSION_DENIED, 4",
        "UNAVAILABLE, 5",
        "DEADLINE_EXCEEDED, 5",
        "DATA_LOSS, 6",
        "RESOURCE_EXHAUSTED, 7",
        "INVALID_ARGUMENT, 2",
        "UNKNOWN, 1"
    })
    void aFailedPullNamesTheImageAndHasTheCodeOfItsKind(ApiException.Code code, int exit) {
        daemon.transfer = (_, _) -> {
            throw new ApiException(code, "it broke");
        };
        assertThat(shell.run("pull", NAME)).isEqualTo(exit);
        assertThat(shell.err())
                .startsWith("slipway: pull " + NAME + ": it broke; ")
                .hasLineCount(1);
        assertThat(shell.out()).isEmpty();
    }

    @Test
    void whatTheDaemonSaysToDoIsNotDoubled() {
        daemon.transfer = (_, _) -> {
            throw new ApiException(ApiException.Code.NOT_FOUND, "host: no such tag; check it");
        };
        assertThat(shell.run("pull", NAME)).isEqualTo(3);
        assertThat(shell.err()).isEqualTo("slipway: pull " + NAME + ": host: no such tag; check it\n");
    }

    @Test
    void interruptionCancelsThePullInTheDaemonAndExitsWith130() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        daemon.transfer = (_, _) -> {
            begun.countDown();
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                cancelled.countDown();
                throw e;
            }
        };
        AtomicReference<Integer> code = new AtomicReference<>();
        Thread running = Thread.ofPlatform().start(() -> code.set(shell.run("pull", NAME)));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        shell.signals.send("INT");
        running.join(20_000);
        assertThat(code.get()).isEqualTo(130);
        assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(shell.err()).isEqualTo("slipway: pull: interrupted; what was begun is taken back\n");
    }

    @Test
    void aDaemonThatDiesMeanwhileIs5() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        daemon.transfer = (_, _) -> {
            begun.countDown();
            Thread.sleep(60_000);
        };
        AtomicReference<Integer> code = new AtomicReference<>();
        Thread running = Thread.ofPlatform().start(() -> code.set(shell.run("pull", NAME)));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        daemon.close();
        running.join(20_000);
        assertThat(code.get()).as(shell.err()).isEqualTo(5);
        assertThat(shell.err()).startsWith("slipway: pull " + NAME + ": ").hasLineCount(1);
    }

    @Test
    void imagesAreListedWithTheirPackedSize() {
        String _ = daemon.image(NAME, "{}");
        assertThat(shell.run("images")).as(shell.err()).isZero();
        assertThat(shell.out())
                .contains("NAME")
                .contains(NAME)
                .contains("2.3 kB")
                .hasLineCount(2);
        Shell json = new Shell(dir.resolve("s"));
        assertThat(json.run("images", "--json")).isZero();
        assertThat(json.out()).startsWith("[{\"name\":\"" + NAME + "\"").contains("\"size\":23");
        daemon.blobs.clear();
        Shell incomplete = new Shell(dir.resolve("s"));
        assertThat(incomplete.run("images")).isZero();
        assertThat(incomplete.out()).contains("incomplete");
    }

    @Test
    void contentWithAnotherDigestIsNotBelieved() {
        String _ = daemon.image(NAME, "{}");
        Map<String, byte[]> blobs = daemon.blobs;
        blobs.replaceAll((_, _) -> "{\"config\":{}}".getBytes(StandardCharsets.UTF_8));
        assertThat(shell.run("run", NAME)).isEqualTo(125);
        assertThat(shell.err()).contains("has another digest").hasLineCount(1);
        Awaitility.await("the lease is given back").until(daemon.leases::isEmpty);
    }

    @Test
    void imagesAreRemovedOneByOneAndTheFirstFailureCounts() {
        String _ = daemon.image("docker.io/library/a:latest", "{}");
        String _ = daemon.image("docker.io/library/b:latest", "{}");
        assertThat(shell.run("rmi", "a", "nothere", "b")).isEqualTo(3);
        assertThat(shell.out()).isEqualTo("a\nb\n");
        assertThat(shell.err())
                .isEqualTo("slipway: rmi nothere: image \"docker.io/library/nothere:latest\": not found;"
                        + " `slipway images` lists images\n");
        assertThat(daemon.images).isEmpty();
    }
}
