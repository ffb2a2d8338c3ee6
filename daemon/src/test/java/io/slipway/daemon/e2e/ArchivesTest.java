package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabArchives;
import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `slipway load`, `save` and `import` on the packaged daemon, with archives of other programs and for them.
@Tag("root")
@Tag("peer")
final class ArchivesTest {
    @TempDir
    Path work;

    private PackagedDaemon daemon;
    private LabArchives archives;

    @SuppressWarnings("NullAway.Init")
    ArchivesTest() {}

    @BeforeEach
    void start() throws Exception {
        archives = LabArchives.write(work.resolve("archives"));
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void skopeosArchivesLoadAndRun() throws Exception {
        LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
        String oci = work.resolve("oci.tar").toString();
        String docker = work.resolve("docker.tar").toString();
        skopeo("dir:" + image.directory(), "oci-archive:" + oci + ":v1");
        skopeo("dir:" + image.directory(), "docker-archive:" + docker + ":example.com/docker:1");

        assertThat(daemon.checkSlipway("load", "-i", oci, "--name", "example.com/oci"))
                .contains("example.com/oci:v1")
                .contains(image.manifestDigest());
        assertThat(daemon.checkSlipway("load", "-i", docker)).contains("example.com/docker:1");

        assertThat(daemon.checkSlipway("run", "--rm", "example.com/oci:v1", "/bin/sh", "-c", "echo from oci"))
                .contains("from oci");
        assertThat(daemon.checkSlipway("run", "--rm", "example.com/docker:1", "/bin/sh", "-c", "echo from docker"))
                .contains("from docker");
        assertThat(daemon.checkSlipway("fsck", "--deep")).isNotEmpty();
    }

    @Test
    void packedArchivesAndLayoutDirectoriesLoad() throws Exception {
        Path multi = archives.path("multi.tar");
        LabProcess.check("gzip", "-k", multi.toString());
        LabProcess.check("zstd", "-q", "-k", multi.toString());
        Path directory = Files.createDirectory(work.resolve("layout"));
        LabProcess.check("tar", "-xf", multi.toString(), "-C", directory.toString());
        for (String input : List.of(multi + ".gz", multi + ".zst", directory.toString())) {
            String name = "example.com/" + (input.endsWith("z") ? "gz" : input.endsWith("st") ? "zst" : "dir");
            assertThat(daemon.checkSlipway("load", "-i", input, "--name", name)).contains(name + ":v1");
        }
        LabProcess.Result stdin = LabProcess.run(
                Map.of(), List.of("sh", "-c", String.join(" ", daemon.commandLine("load")) + " < " + multi + ".gz"));
        assertThat(stdin.exit()).as(stdin.output()).isZero();
        assertThat(stdin.stdout()).contains("localhost/imported:v1");
    }

    @Test
    void theSameImagesAreTheSameArchiveAndComeBackWithTheirDigests() throws Exception {
        daemon.checkSlipway("load", "-i", archives.path("multi.tar").toString(), "--name", "example.com/multi");
        daemon.checkSlipway("load", "-i", archives.path("docker.tar").toString());
        Path first = work.resolve("first.tar");
        Path second = work.resolve("second.tar");
        daemon.checkSlipway("save", "-o", first.toString(), "example.com/multi:v1", "example.com/docker:1");
        List<String> before = images(daemon);
        try (PackagedDaemon other =
                PackagedDaemon.start(work.resolve("other"), "--mirror-address", "off", "--metrics-address", "off")) {
            other.checkSlipway("load", "-i", first.toString());
            assertThat(before).containsAll(images(other));
            assertThat(images(other)).hasSize(2);
            other.checkSlipway("save", "-o", second.toString(), "example.com/multi:v1", "example.com/docker:1");
        }
        assertThat(second).hasSameBinaryContentAs(first);
    }

    @Test
    void otherProgramsReadWhatIsSaved() throws Exception {
        LabImage image = LabImage.build(work.resolve("i"), LabImage.Format.OCI, LabImage.Compression.GZIP, false);
        Path given = work.resolve("given.tar");
        skopeo("dir:" + image.directory(), "oci-archive:" + given + ":v1");
        daemon.checkSlipway("load", "-i", given.toString(), "--name", "example.com/lab", "--no-unpack");
        Path oci = work.resolve("oci.tar");
        Path docker = work.resolve("docker.tar");
        daemon.checkSlipway("save", "-o", oci.toString(), "example.com/lab:v1");
        daemon.checkSlipway("save", "-o", docker.toString(), "--format", "docker", "example.com/lab:v1");

        assertThat(skopeoInspect("oci-archive:" + oci)).contains(image.manifestDigest());
        // Both are also what `docker load` reads.
        assertThat(LabProcess.check("skopeo", "inspect", "--config", "docker-archive:" + docker))
                .contains(image.diffIds().getLast());
        assertThat(LabProcess.check("skopeo", "inspect", "--config", "docker-archive:" + oci))
                .contains(image.diffIds().getLast());
        Path layout = Files.createDirectory(work.resolve("layout"));
        LabProcess.check("tar", "-xf", oci.toString(), "-C", layout.toString());
        LabProcess.check(
                "umoci",
                "unpack",
                "--image",
                layout + ":v1",
                work.resolve("bundle").toString());
        try (LabContainerd containerd = LabContainerd.start(work, work)) {
            containerd.checkCtr("images", "import", "--no-unpack", oci.toString());
            assertThat(containerd.checkCtr("images", "ls"))
                    .contains("example.com/lab:v1 ")
                    .contains(image.manifestDigest());
            containerd.checkCtr("-n", "docker", "images", "import", "--no-unpack", docker.toString());
            assertThat(containerd.checkCtr("-n", "docker", "images", "ls", "-q"))
                    .contains("example.com/lab:v1");
        }
    }

    @Test
    void aDockerArchiveBecomesTheManifestThatContainerdMakesOfIt() throws Exception {
        daemon.checkSlipway(
                "load", "--no-unpack", "-i", archives.path("docker.tar").toString());
        try (LabContainerd containerd = LabContainerd.start(work, work)) {
            containerd.checkCtr(
                    "images",
                    "import",
                    "--no-unpack",
                    archives.path("docker.tar").toString());
            String theirs = containerd.checkCtr("images", "ls", "name==example.com/docker:1");
            assertThat(images(daemon)).allSatisfy(line -> assertThat(theirs).contains(line.split("\\s+", -1)[1]));
        }
    }

    @Test
    void onePlatformIsSavedAndAnotherIsRefused() throws Exception {
        daemon.checkSlipway("load", "-i", archives.path("multi.tar").toString(), "--name", "example.com/multi");
        Path arm = work.resolve("arm.tar");
        daemon.checkSlipway("save", "--platform", "linux/arm64", "-o", arm.toString(), "example.com/multi:v1");
        assertThat(LabProcess.check("tar", "-tf", arm.toString()).lines().filter(name -> name.matches("blobs/.*/.+")))
                .hasSize(4);
        Path none = work.resolve("none.tar");
        LabProcess.Result refused =
                daemon.slipway("save", "--platform", "linux/s390x", "-o", none.toString(), "example.com/multi:v1");
        assertThat(refused.exit()).as(refused.output()).isEqualTo(6);
        assertThat(refused.stderr()).contains("linux/s390x");
        assertThat(none).doesNotExist();
        assertThat(daemon.slipway("save", "-o", none.toString(), "example.com/unknown:1")
                        .exit())
                .isEqualTo(3);
        assertThat(none).doesNotExist();
    }

    @Test
    void badArchivesLeaveNothing() throws Exception {
        for (String name :
                List.of("missing.tar", "no-layer.tar", "wrong.tar", "empty.tar", "other.tar", "garbage.tar")) {
            LabProcess.Result result =
                    daemon.slipway("load", "-i", archives.path(name).toString());
            assertThat(result.exit()).as(name + ": " + result.output()).isEqualTo(6);
            assertThat(result.stderr().lines().filter(line -> line.startsWith("slipway: load ")))
                    .as(name)
                    .hasSize(1);
        }
        assertThat(daemon.slipway("load", "-i", work.resolve("nowhere.tar").toString())
                        .exit())
                .isEqualTo(7);
        assertThat(images(daemon)).isEmpty();
        assertThat(daemon.ingests()).isEmpty();
    }

    @Test
    void imagesOfAContainerdAreAdopted() throws Exception {
        Path root = work.resolve("containerd/root");
        String digest;
        try (LabContainerd containerd = LabContainerd.start(work, work)) {
            containerd.checkCtr(
                    "images",
                    "import",
                    "--no-unpack",
                    "--all-platforms",
                    "--base-name",
                    "example.com/multi",
                    archives.path("multi.tar").toString());
            digest = LabArchives.multi().digest();
        }
        assertThat(daemon.checkSlipway(
                        "import", "--from-containerd", root.toString(), "--image", "example.com/multi:v1@" + digest))
                .contains("example.com/multi:v1")
                .contains(digest);
        assertThat(daemon.slipway(
                                "import",
                                "--from-containerd",
                                root.toString(),
                                "--image",
                                "example.com/x:1@sha256:" + "0".repeat(64))
                        .exit())
                .isEqualTo(3);
        assertThat(daemon.slipway("import", "--from-containerd", root.toString(), "--image", "example.com/x:1")
                        .exit())
                .isEqualTo(2);
    }

    private static List<String> images(PackagedDaemon of) throws IOException, InterruptedException {
        return of.checkSlipway("images", "--json")
                .transform(json -> java.util.regex.Pattern.compile("\"name\":\"([^\"]+)\",\"digest\":\"([^\"]+)\"")
                        .matcher(json)
                        .results()
                        .map(match -> match.group(1) + " " + match.group(2))
                        .toList());
    }

    private static void skopeo(String from, String to) throws IOException, InterruptedException {
        LabProcess.check("skopeo", "--insecure-policy", "copy", "-q", from, to);
    }

    private static String skopeoInspect(String image) throws IOException, InterruptedException {
        return LabProcess.check("skopeo", "inspect", image);
    }
}
