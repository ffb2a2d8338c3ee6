package io.slipway.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A process is killed at each step of prepare, unpack, commit and remove in turn; after a restart no mount, directory
/// or record is left over, what is recorded is whole, and the same image unpacks.
@Tag("root")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class KilledAtEachStepTest {
    private static final int STEPS_MAX = 200;

    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void nothingLeaks(String snapshotter) throws Exception {
        List<String> halted = new ArrayList<>();
        for (int step = 1; ; step++) {
            assertThat(step).as("the story ends").isLessThan(STEPS_MAX);
            Path root = Files.createDirectory(scratch.resolve(Integer.toString(step)));
            String said = child(root, snapshotter, step);
            if (said.isEmpty()) {
                break;
            }
            halted.add(said);
            restart(root, snapshotter, said);
        }
        assertThat(String.join("", halted))
                .contains("stage COMMITTED", "first entry", "applied", "linked", "published, not recorded")
                .contains("/snapshot/prepare", "/snapshot/commit", "/snapshot/remove", "stage VIEW", "seal")
                .contains("put away", "removed");
    }

    /// Where it was halted, or nothing when it ran to its end.
    private static String child(Path root, String snapshotter, int step) throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KilledStory.class.getName(),
                root.toString(),
                snapshotter,
                Integer.toString(step));
        Path output = Files.createTempFile(root.getParent(), "child", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("it ends").isTrue();
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(said).isIn(0, KilledStory.HALTED);
        return process.exitValue() == 0
                ? ""
                : said.lines()
                                .filter(line -> line.startsWith("halted"))
                                .findFirst()
                                .orElse(said) + "\n";
    }

    private static void restart(Path root, String snapshotter, String said) throws Exception {
        try (Fixture fixture = new Fixture(root)) {
            Path directories = root.resolve("snapshotters").resolve(snapshotter).resolve("snapshots");
            Awaitility.await(said)
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(names(directories)).isEqualTo(recorded(fixture, snapshotter)));
            assertThat(Mounts.system().mountPointsUnder(root)).as(said).isEmpty();
            fixture.cas.metadata().read(c -> {
                try (Statement statement = c.createStatement();
                        ResultSet orphans = statement.executeQuery("SELECT count(*) FROM snapshot_dir d"
                                + " WHERE NOT EXISTS(SELECT 1 FROM snapshot s WHERE s.dir = d.dir)")) {
                    orphans.next();
                    assertThat(orphans.getLong(1)).as(said).isZero();
                }
                return null;
            });
            String lease = fixture.cas
                    .leases()
                    .create(KilledStory.NS, Optional.of("after"), Map.of())
                    .id();
            UnpackRequest request = new UnpackRequest(
                    KilledStory.NS,
                    snapshotter,
                    List.of(Blobs.whole(KilledStory.LOWER), Blobs.whole(KilledStory.UPPER)),
                    Optional.of(lease));
            String top = fixture.service
                    .images()
                    .unpack(request, UnpackListener.NONE)
                    .await();
            List<Mount> view =
                    fixture.snapshots().view(KilledStory.NS, snapshotter, "after", top, Map.of(), Optional.of(lease));
            Map<String, String> tree = fixture.mounted(view, Trees::of);
            assertThat(tree.keySet()).as(said).containsExactly("d", "d/one", "d/two", "link");
            assertThat(tree.get("link")).as(said).contains("\"1\"").endsWith("same inode as d/one");
        }
    }

    private static Set<String> names(Path directories) throws IOException {
        Set<String> names = new TreeSet<>();
        try (var list = Files.list(directories)) {
            list.forEach(path -> names.add(path.getFileName().toString()));
        }
        return names;
    }

    private static Set<String> recorded(Fixture fixture, String snapshotter) throws IOException {
        return fixture.cas.metadata().read(c -> {
            Set<String> numbers = new TreeSet<>();
            try (Statement statement = c.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT dir FROM snapshot_dir WHERE snapshotter = '" + snapshotter + "'")) {
                while (row.next()) {
                    numbers.add(row.getString(1));
                }
            }
            return numbers;
        });
    }
}
