package io.slipway.snapshotter.testing;

import java.io.IOException;
import java.nio.file.Path;

/// A btrfs of its own in a file, mounted over a loop device. Needs root and Debian's btrfs-progs.
public final class BtrfsImage implements AutoCloseable {
    private static final long BYTES = 512L << 20;

    private final DiskImage image;

    /// @param scratch an empty directory on any file system
    public BtrfsImage(Path scratch) throws IOException, InterruptedException {
        this.image = DiskImage.mount(
                scratch.resolve("btrfs.img"), BYTES, scratch.resolve("btrfs"), "btrfs", "mkfs.btrfs", "--quiet");
    }

    public Path root() {
        return image.root();
    }

    @Override
    public void close() throws IOException {
        image.close();
    }
}
