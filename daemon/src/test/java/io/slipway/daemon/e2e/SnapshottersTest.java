package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.slipway.daemon.lab.CriImages;
import io.slipway.daemon.lab.LabContainerd;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabImage.Compression;
import io.slipway.daemon.lab.LabImage.Format;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// The packaged daemon's snapshotters, as its own command line, Debian's `ctr` and Debian's containerd use
/// them.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SnapshottersTest {
    private static final int COLLECTIONS = 15;

    private Leaks before;
    private Path work;
    private LabRegistry registry;
    private PackagedDaemon daemon;
    private String reference;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        before = Leaks.now();
        work = temporary;
        registry = LabRegistry.start(work);
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
        LabImage image = LabImage.build(work.resolve("images"), Format.OCI, Compression.GZIP, true);
        reference = registry.push(image, "lab/snapshotters");
    }

    @AfterAll
    void stop() throws Exception {
        assertThat(daemon.process().stop()).as("exit code on SIGTERM").isZero();
        registry.close();
        before.assertNothingNew();
    }

    @Test
    void theListSaysWhichCanBeUsedAndWhyNot() throws Exception {
        String table = daemon.checkSlipway("snapshotters");
        assertThat(table.lines().filter(line -> line.startsWith("overlayfs")).toList())
                .hasSize(1)
                .allMatch(line -> line.contains(" default ") && line.contains("rebase") && line.contains("remap-ids"));
        assertThat(table).containsPattern("(?m)^native +ok ");
        JsonNode all = new ObjectMapper().readTree(daemon.checkSlipway("--json", "snapshotters"));
        assertThat(all).hasSize(3);
        for (JsonNode one : all) {
            if (one.get("name").asText().equals("btrfs")) {
                assertThat(one.get("usable").asBoolean()).isFalse();
                assertThat(one.get("reason").asText()).contains("snapshots of btrfs need btrfs");
            }
        }
        assertThat(ctr("plugins", "ls"))
                .containsPattern("btrfs +linux/amd64 +skip")
                .containsPattern("native .* ok");
    }

    @Test
    void oneThatIsOffIsRefusedWithTheReason() throws Exception {
        for (String command : List.of("pull", "run")) {
            LabProcess.Result off = daemon.slipway(command, "--snapshotter", "btrfs", reference);
            assertThat(off.exit()).isEqualTo(command.equals("run") ? 125 : 1);
            assertThat(off.stderr()).contains("btrfs").contains("snapshots of btrfs need btrfs");
        }
        LabProcess.Result unknown = daemon.slipway("pull", "--snapshotter", "zfs", reference);
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.stderr()).contains("there is no snapshotter zfs", "overlayfs, native, btrfs");
        assertThat(LabProcess.run(
                                java.util.Map.of(),
                                List.of(
                                        "ctr",
                                        "--address",
                                        daemon.socket().toString(),
                                        "snapshots",
                                        "--snapshotter",
                                        "btrfs",
                                        "ls"))
                        .stderr())
                .contains("snapshotter not loaded: btrfs: ", "need btrfs");
    }

    @Test
    void anImageRunsFromCopies() throws Exception {
        daemon.checkSlipway("pull", "--snapshotter", "native", reference);
        assertThat(daemon.checkSlipway("run", "--rm", "--snapshotter", "native", reference))
                .isEqualTo("hello from inside\n");
        assertThat(daemon.checkSlipway("ps", "-a")).doesNotContain(reference);
    }

    @Test
    void debiansCtrDoesEverythingWithSnapshots() throws Exception {
        for (String snapshotter : List.of("overlayfs", "native")) {
            snapshots(snapshotter, "prepare", "one-active");
            String mount = snapshots(snapshotter, "mounts", work.toString(), "one-active");
            assertThat(mount).contains("mount -t bind ", "rw,rbind");
            assertThat(snapshots(snapshotter, "info", "one-active")).contains("\"Kind\": \"Active\"");
            snapshots(snapshotter, "commit", "one", "one-active");
            // Nothing else holds it, and a collection may run at any time.
            snapshots(snapshotter, "label", "one", "containerd.io/gc.root=yes");
            assertThat(snapshots(snapshotter, "info", "one"))
                    .contains("\"Kind\": \"Committed\"", "\"containerd.io/gc.root\": \"yes\"");
            snapshots(snapshotter, "view", "seen", "one");
            assertThat(snapshots(snapshotter, "mounts", work.toString(), "seen"))
                    .contains("ro,rbind");
            assertThat(snapshots(snapshotter, "ls"))
                    .containsPattern("one +Committed")
                    .containsPattern("seen +one +View");
            assertThat(snapshots(snapshotter, "tree")).contains("one\n").contains("seen");
            assertThat(snapshots(snapshotter, "usage", "one")).containsPattern("one +[0-9.]+ KiB +1");
            snapshots(snapshotter, "rm", "seen", "one");
            assertThat(snapshots(snapshotter, "ls")).doesNotContain("one");
        }
    }

    private String snapshots(String snapshotter, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("snapshots", "--snapshotter", snapshotter));
        all.addAll(List.of(arguments));
        return ctr(all.toArray(String[]::new));
    }

    private String ctr(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("ctr", "--address", daemon.socket().toString()));
        command.addAll(List.of(arguments));
        return LabProcess.check(command.toArray(String[]::new));
    }

    private static final List<String> OTHER_IDS = List.of("--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536");

    /// A container's own root reaches its files only through directories that let others pass.
    private void letOthersPass() throws Exception {
        for (Path at = work;
                at.startsWith("/tmp") && at.getNameCount() > 1;
                at = Objects.requireNonNull(at.getParent())) {
            Files.setPosixFilePermissions(at, PosixFilePermissions.fromString("rwx--x--x"));
        }
    }

    private static List<String> mappedRun(String snapshotter, String image, String id) {
        List<String> all = new ArrayList<>(List.of("run", "--rm", "--cgroup", "/" + id, "--snapshotter", snapshotter));
        all.addAll(OTHER_IDS);
        all.addAll(List.of(
                image,
                id,
                "/bin/sh",
                "-c",
                "cat /proc/self/uid_map; echo x > /new; stat -c '%n %u:%g' / /bin/sh /new"));
        return all;
    }

    private static void assertMapped(String said) {
        assertThat(said).containsPattern("^ +0 +100000 +65536\n").contains("/ 0:0\n", "/bin/sh 0:0\n", "/new 0:0\n");
    }

    /// Debian's ctr knows no capabilities and mounts by itself, so it changes the owners in a copy, without labels.
    @Test
    void debiansCtrGivesTheRootOfAUserNamespaceACopyOfItsImage() throws Exception {
        letOthersPass();
        daemon.checkSlipway("pull", reference);
        assertMapped(ctr(mappedRun("overlayfs", reference, "mapped").toArray(String[]::new)));
        assertThat(snapshots("overlayfs", "ls")).doesNotContain("mapped");
    }

    /// Its CRI says which chain id each layer is to become, and does not fetch those that Slipway has.
    @Test
    void debiansContainerdFetchesNoLayerThatIsUnpackedHere() throws Exception {
        daemon.checkSlipway("pull", reference);
        try (LabContainerd containerd = LabContainerd.startWithSnapshotter(
                work, Files.createDirectories(work.resolve("no-certs")), daemon.socket())) {
            try (CriImages cri = new CriImages(containerd.socket())) {
                cri.pull(reference);
            }
            String content = containerd.checkCtr("-n", "k8s.io", "content", "ls", "-q");
            assertThat(content.lines().count())
                    .as("manifest and config only: " + content)
                    .isEqualTo(2);
            assertThat(containerd.checkCtr("-n", "k8s.io", "snapshots", "--snapshotter", "slipway", "ls"))
                    .contains("Committed");
        }
    }

    /// `ctr` names a namespace to its containerd, which hands none on to us: the keys say it.
    @Test
    void debiansContainerdRunsFromOurSnapshots() throws Exception {
        try (LabContainerd containerd = LabContainerd.startWithSnapshotter(
                work, Files.createDirectories(work.resolve("no-certs-either")), daemon.socket())) {
            // Not the one with a link into a lower layer: containerd applies layers one by one, and refuses that.
            String plain = registry.push(
                    LabImage.build(work.resolve("plain"), LabImage.Format.OCI, LabImage.Compression.GZIP, false),
                    "lab/plain");
            containerd.checkCtr("-n", "lab", "images", "pull", "--plain-http", "--snapshotter", "slipway", plain);
            assertThat(containerd.checkCtr(
                            "-n",
                            "lab",
                            "run",
                            "--rm",
                            "--cgroup",
                            "/from-ours",
                            "--snapshotter",
                            "slipway",
                            plain,
                            "from-ours"))
                    .contains("hello from inside");
            letOthersPass();
            List<String> mapped = new ArrayList<>(List.of("-n", "lab"));
            mapped.addAll(mappedRun("slipway", plain, "mapped-from-ours"));
            assertMapped(containerd.checkCtr(mapped.toArray(String[]::new)));
            String listed = containerd.checkCtr("-n", "lab", "snapshots", "--snapshotter", "slipway", "ls");
            assertThat(listed).contains("Committed").doesNotContain("from-ours");
        }
    }

    /// Its collection lists what it has here, in a stream, and removes what no image needs, while others list too.
    @Test
    void debiansContainerdCollectsItsSnapshotsHere() throws Exception {
        try (LabContainerd containerd = LabContainerd.startWithSnapshotter(
                work, Files.createDirectories(work.resolve("no-certs-at-all")), daemon.socket())) {
            String plain = registry.push(
                    LabImage.build(work.resolve("collected"), LabImage.Format.OCI, LabImage.Compression.GZIP, false),
                    "lab/collected");
            String[] list = {"-n", "collected", "snapshots", "--snapshotter", "slipway", "ls"};
            for (int round = 0; round < COLLECTIONS; round++) {
                containerd.checkCtr(
                        "-n", "collected", "images", "pull", "--plain-http", "--snapshotter", "slipway", plain);
                assertThat(containerd.checkCtr(list)).contains("Committed");
                try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
                    Future<String> other = others.submit(() -> containerd.checkCtr(list));
                    containerd.checkCtr("-n", "collected", "images", "rm", "--sync", plain);
                    assertThat(other.get()).startsWith("KEY");
                }
                assertThat(containerd.checkCtr(list).lines()).as("its records").hasSize(1);
                assertThat(ctr("-n", "collected", "snapshots", "ls").lines())
                        .as("our records")
                        .hasSize(1);
            }
        }
    }
}
