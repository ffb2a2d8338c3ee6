package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// GNU tar, one layer after another into one tree, as by hand: it neither verifies digests nor keeps layers apart.
///
/// @param layers their blobs, bottom first
record TarUnpack(List<Path> layers) implements Contest.Entrant {
    private static final String EACH = "for layer; do tar --numeric-owner -xpzf \"$layer\" || exit; done";

    @Override
    public String name() {
        return "tar -xzf";
    }

    @Override
    public Measured once(Path root) throws IOException, InterruptedException {
        PageCache.warm(layers);
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "cd \"$0\" && " + EACH, root.toString()));
        layers.forEach(layer -> command.add(layer.toString()));
        try (Cgroup cgroup = Cgroup.create("slipway-bench-" + root.getFileName())) {
            return Measured.of(cgroup, root.resolveSibling(root.getFileName() + ".log"), command);
        } finally {
            Shell.run(root, List.of("sync"));
        }
    }
}
