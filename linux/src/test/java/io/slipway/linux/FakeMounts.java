package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Mounts that are only written down, for tests without root.
public final class FakeMounts implements Mounts {
    /// @param point where
    /// @param mount what
    public record Mounted(Path point, Mount mount) {}

    private final List<Mounted> table = new ArrayList<>();

    /// What is mounted, in order.
    public synchronized List<Mounted> table() {
        return List.copyOf(table);
    }

    @Override
    public synchronized void mount(List<Mount> mounts, Path target) throws IOException {
        int before = table.size();
        try {
            for (Mount mount : mounts) {
                Path point = MountPoint.inside(target, mount.target());
                MountOptions options = MountOptions.of(mount);
                requirePresent(point);
                if (options.isBind()) {
                    requirePresent(Path.of(mount.source()));
                }
                table.add(new Mounted(point.toRealPath(), mount));
            }
        } catch (IOException e) {
            table.subList(before, table.size()).clear();
            throw e;
        }
    }

    private static void requirePresent(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new LinuxException("mount", path.toString(), Errno.ENOENT);
        }
    }

    @Override
    public synchronized void unmount(Path target) {
        table.removeIf(m -> m.point.equals(target.toAbsolutePath()));
    }

    @Override
    public synchronized void unmountTree(Path under) throws IOException {
        Path root = real(under);
        table.removeIf(m -> m.point.startsWith(root));
    }

    @Override
    public synchronized List<Path> mountPointsUnder(Path under) throws IOException {
        Path root = real(under);
        return table.stream()
                .map(Mounted::point)
                .filter(point -> point.startsWith(root))
                .sorted(java.util.Comparator.comparingInt(
                        point -> point.toString().length()))
                .toList();
    }

    private static Path real(Path path) throws IOException {
        return Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
    }
}
