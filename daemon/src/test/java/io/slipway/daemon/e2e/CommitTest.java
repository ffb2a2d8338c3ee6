package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabImage.Compression;
import io.slipway.daemon.lab.LabImage.Format;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What a container changed becomes an image that runs, through the packaged daemon and command line; Debian's
/// `ctr` finds the image complete and drives the same service.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CommitTest {
    private Leaks before;
    private LabRegistry registry;
    private PackagedDaemon daemon;
    private LabImage image;
    private String base;

    @BeforeAll
    void start(@TempDir Path work) throws Exception {
        before = Leaks.now();
        registry = LabRegistry.start(work);
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
        image = LabImage.build(work.resolve("images"), Format.DOCKER, Compression.GZIP, false);
        base = registry.push(image, "lab/base");
        daemon.checkSlipway("pull", base);
    }

    @AfterAll
    void stop() throws Exception {
        assertThat(daemon.process().stop()).as("exit code on SIGTERM").isZero();
        registry.close();
        before.assertNothingNew();
    }

    private String ctr(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("ctr", "--address", daemon.socket().toString()));
        command.addAll(List.of(arguments));
        LabProcess.Result result = LabProcess.run(Map.of(), command);
        assertThat(result.exit())
                .as(String.join(" ", command) + ": " + result.output())
                .isZero();
        return result.stdout();
    }

    @Test
    void whatAnEndedContainerChangedIsInTheImage() throws Exception {
        daemon.checkSlipway(
                "run",
                "--name",
                "changed",
                base,
                "/bin/sh",
                "-c",
                "echo new > /srv/new; echo more >> /etc/labelled; chmod 0711 /srv; rm /usr/bin/setuid; mkdir -p /a/b;"
                        + " ln -s b /a/link");
        JsonNode made = new ObjectMapper()
                .readTree(daemon.checkSlipway(
                        "--json", "commit", "--author", "me", "--message", "why", "changed", "lab.test/made:1"));
        assertThat(made.path("digest").asText()).startsWith("sha256:");
        daemon.checkSlipway("rm", "changed");
        assertThat(daemon.checkSlipway(
                        "run",
                        "--rm",
                        "lab.test/made:1",
                        "/bin/sh",
                        "-c",
                        "cat /srv/new; [ -e /usr/bin/setuid ] || echo gone; [ -d /a/link ] && echo linked"))
                .isEqualTo("new\ngone\nlinked\n");

        assertThat(ctr("images", "check", "name==lab.test/made:1"))
                .contains("complete (" + (image.layers().size() + 2));
        JsonNode manifest = new ObjectMapper()
                .readTree(ctr("content", "get", made.path("digest").asText()));
        assertThat(manifest.path("layers")).hasSize(image.layers().size() + 1);
        JsonNode config = new ObjectMapper()
                .readTree(ctr(
                        "content", "get", manifest.path("config").path("digest").asText()));
        assertThat(config.path("rootfs").path("diff_ids").valueStream().map(JsonNode::asText))
                .startsWith(image.diffIds().getFirst())
                .endsWith(made.path("diffId").asText());
        assertThat(config.path("author").asText()).isEqualTo("me");
        JsonNode entry = config.path("history").path(config.path("history").size() - 1);
        assertThat(entry.path("comment").asText()).isEqualTo("why");
        assertThat(entry.path("created_by").asText()).isEqualTo("slipway commit changed");
        assertThat(ctr("leases", "ls", "-q")).isBlank();
        assertThat(ctr("snapshots", "ls")).doesNotContain("commit-view").doesNotContain("extract-");
    }

    @Test
    void aRunningContainerRunsOnPausedMeanwhileOrNot() throws Exception {
        daemon.checkSlipway(
                "run",
                "-d",
                "--name",
                "runs",
                base,
                "/bin/sh",
                "-c",
                "echo it > /srv/it; echo written; while :; do sleep 1; done");
        Awaitility.await("the file is there")
                .atMost(Duration.ofMinutes(1))
                .until(() -> daemon.checkSlipway("logs", "runs").contains("written"));
        daemon.checkSlipway("commit", "--compression", "zstd", "runs", "lab.test/running:1");
        assertThat(daemon.checkSlipway("run", "--rm", "lab.test/running:1", "/bin/sh", "-c", "cat /srv/it"))
                .isEqualTo("it\n");
        assertThat(daemon.checkSlipway("ps")).contains("runs").contains("running");
        daemon.checkSlipway("commit", "--pause", "--compression", "none", "runs", "lab.test/running:2");
        daemon.checkSlipway("rm", "-f", "runs");
    }

    @Test
    void whatIsNotThereIsSaid() throws Exception {
        LabProcess.Result absent = daemon.slipway("commit", "absent", "lab.test/x:1");
        assertThat(absent.exit()).isEqualTo(3);
        assertThat(absent.output()).contains("slipway: commit absent: ").contains("not found");
        assertThat(daemon.slipway("commit", "absent", "UPPER:::").exit()).isEqualTo(2);
    }

    /// Debian's client makes a layer of a snapshot with our Diff service.
    @Test
    void ctrMakesADiffOfASnapshot() throws Exception {
        daemon.checkSlipway("run", "--name", "diffed", base, "/bin/sh", "-c", "echo d > /srv/d");
        String layer = ctr("snapshots", "diff", "--keep", "diffed");
        assertThat(layer).isNotEmpty();
        assertThat(ctr("content", "ls")).contains("containerd.io/uncompressed=sha256:");
        daemon.checkSlipway("rm", "diffed");
    }
}
