package io.slipway.snapshotter.diff;

import io.slipway.linux.Dir;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.OverlayMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The tree that a list of mounts shows, held by descriptor: a bind mount's source itself, anything else mounted
/// aside until closed.
final class MountedTree implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MountedTree.class);

    private final Mounts system;
    private final @Nullable Path point;
    private final Dir dir;

    private MountedTree(Mounts system, @Nullable Path point, Dir dir) {
        this.system = system;
        this.point = point;
        this.dir = dir;
    }

    /// Holds it for reading.
    static MountedTree reading(List<Mount> mounts, Mounts system, Path scratch) throws IOException {
        return open(OverlayMount.readOnly(mounts), OverlayMount.bound(mounts), system, scratch);
    }

    /// Holds it as the mounts say.
    static MountedTree writing(List<Mount> mounts, Mounts system, Path scratch) throws IOException {
        return open(mounts, OverlayMount.bound(mounts), system, scratch);
    }

    private static MountedTree open(List<Mount> mounts, Optional<String> bound, Mounts system, Path scratch)
            throws IOException {
        if (bound.isPresent()) {
            return new MountedTree(system, null, Dir.openRoot(Path.of(bound.get())));
        }
        Path point = Files.createTempDirectory(scratch, "");
        try {
            system.mount(mounts, point);
            return new MountedTree(system, point, Dir.openRoot(point));
        } catch (IOException | RuntimeException e) {
            remove(system, point);
            throw e;
        }
    }

    Dir dir() {
        return dir;
    }

    @Override
    public void close() {
        dir.close();
        if (point != null) {
            remove(system, point);
        }
    }

    /// Never by tree: what is mounted there is not ours to remove.
    private static void remove(Mounts system, Path point) {
        try {
            system.unmount(point);
            Files.deleteIfExists(point);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("mount_point", point)
                    .setCause(e)
                    .log("A mount was not taken away; the next start will");
        }
    }

    /// Takes away what an earlier run left mounted or unpacked below `scratch`.
    static void clean(Mounts system, Path scratch) throws IOException {
        system.unmountTree(scratch);
        try (Dir dir = Dir.openRoot(scratch)) {
            // Stops at whatever is mounted after all.
            dir.forEach(left -> dir.removeTree(left.name()));
        }
    }
}
