package io.slipway.snapshotter.testing;

import io.slipway.linux.Mounts;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A btrfs of its own in a file, mounted over a loop device. Needs root and Debian's btrfs-progs.
public final class BtrfsImage implements AutoCloseable {
    private static final long BYTES = 512L << 20;

    private final Path mountPoint;

    /// @param scratch an empty directory on any file system
    public BtrfsImage(Path scratch) throws IOException, InterruptedException {
        Path image = scratch.resolve("btrfs.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        this.mountPoint = Files.createDirectory(scratch.resolve("btrfs"));
        run("mkfs.btrfs", "--quiet", image.toString());
        run("mount", "-t", "btrfs", "-o", "loop", image.toString(), mountPoint.toString());
    }

    public Path root() {
        return mountPoint;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(List.of(command) + ": " + said);
        }
    }

    @Override
    public void close() throws IOException {
        Mounts.system().unmountTree(mountPoint);
    }
}
