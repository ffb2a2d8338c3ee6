package io.slipway.snapshotter.diff;

import io.slipway.cas.ApiException;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.testing.Fixture;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Diffs of directories with many names by a process with the daemon's heap: `WideDirectories ROOT`. Ends otherwise
/// than with 0 when one is not answered as it should be.
final class WideDirectories {
    private static final String NS = "default";
    private static final Optional<String> LEASE = Optional.of("test");

    /// Two thirds of the budget.
    private static final int FITTING = 50_000;

    /// More than the heap holds.
    private static final int WIDE = 300_000;

    /// Below the most that an inode has on ext4.
    private static final int LINKS = 60_000;

    private static final String REST = "n".repeat(240);

    private final Path trees;
    private final DiffService diffs;

    private WideDirectories(Path trees, DiffService diffs) {
        this.trees = trees;
        this.diffs = diffs;
    }

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        Path trees = Files.createDirectory(root.resolve("trees"));
        ExecutorService bytes = Executors.newFixedThreadPool(2);
        try (Fixture fixture = new Fixture(root);
                DiffService diffs = DiffService.open(
                        root, fixture.cas, LayerQuota.DEFAULT, StreamProcessors.NONE, new NoteMemory(), bytes)) {
            var _ = fixture.cas.leases().create(NS, LEASE, Map.of());
            WideDirectories wide = new WideDirectories(trees, diffs);
            wide.comparesOneAfterAnother();
            wide.refusesOneThatIsTooWide();
        } finally {
            bytes.shutdown();
        }
    }

    private void comparesOneAfterAnother() throws Exception {
        Path both = Files.createDirectory(trees.resolve("both"));
        for (String name : List.of("a", "b")) {
            try (Dir dir = Dir.openRoot(Files.createDirectory(both.resolve(name)))) {
                for (int i = 0; i < FITTING; i++) {
                    dir.mknod(name(i), FileType.FILE, 0600, DeviceNumber.ZERO);
                }
            }
        }
        diff(both, both);
        System.out.println("compared two directories that fit one after another");
    }

    private void refusesOneThatIsTooWide() throws Exception {
        Path right = Files.createDirectory(trees.resolve("right"));
        try (Dir dir = Dir.openRoot(Files.createDirectory(right.resolve("wide")))) {
            for (int i = 0; i < WIDE; i++) {
                if (i % LINKS == 0) {
                    dir.mknod(name(i), FileType.FILE, 0600, DeviceNumber.ZERO);
                } else {
                    dir.link(dir, name(i - i % LINKS), name(i));
                }
            }
        }
        try {
            diff(Files.createDirectory(trees.resolve("left")), right);
        } catch (ApiException e) {
            if (e.code() != ApiException.Code.RESOURCE_EXHAUSTED
                    || !String.valueOf(e.getMessage()).startsWith("directory /wide can't be compared")) {
                throw e;
            }
            System.out.println("refused: " + e.getMessage());
            return;
        }
        throw new IllegalStateException("not refused");
    }

    private void diff(Path left, Path right) throws Exception {
        var _ = diffs.make(
                new DiffRequest(NS, LEASE, bind(left), bind(right), LayerType.PLAIN, "", Map.of(), Optional.empty()));
    }

    private static List<Mount> bind(Path directory) {
        return List.of(new Mount("bind", directory.toString(), "", List.of("rw", "rbind")));
    }

    private static byte[] name(int number) {
        return (number + REST).getBytes(StandardCharsets.US_ASCII);
    }
}
