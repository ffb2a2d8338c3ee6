package io.slipway.snapshotter.testing;

import io.slipway.linux.Mounts;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A file system of its own in a file. Needs root and its mkfs.
public final class DiskImage implements AutoCloseable {
    private final Path mountPoint;

    private DiskImage(Path mountPoint) {
        this.mountPoint = mountPoint;
    }

    /// Made and mounted.
    ///
    /// @param image a file that is not there yet; takes no room before something is written
    /// @param mountPoint an empty directory
    /// @param mkfs the command, but for the file
    public static DiskImage mount(Path image, long sizeBytes, Path mountPoint, String type, String... mkfs)
            throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        List<String> make = new ArrayList<>(List.of(mkfs));
        make.add(image.toString());
        run(make.toArray(String[]::new));
        run(
                "mount",
                "-t",
                type,
                "-o",
                "loop",
                image.toString(),
                Files.createDirectories(mountPoint).toString());
        return new DiskImage(mountPoint);
    }

    public Path root() {
        return mountPoint;
    }

    /// Runs a command to its end, which must be good.
    public static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(List.of(command) + ": " + said);
        }
    }

    @Override
    public void close() throws IOException {
        Mounts.system().unmountTree(mountPoint);
    }
}
