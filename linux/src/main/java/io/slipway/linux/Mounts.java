package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Mounting and unmounting in this process's mount namespace. Thread-safe; needs CAP_SYS_ADMIN.
public interface Mounts {
    /// Mounts in order, each on `target` joined with its own [Mount#target()] (resolved inside `target`, so that no
    /// symbolic link leads out of it). The mount points must exist. When one fails those before it are taken away
    /// again, and the failure of that one is thrown.
    ///
    /// Options are read as mount(8) and containerd read them: names of flags become flags (`ro`, `bind`, `rbind`,
    /// `nosuid`, `remount`, `private`, ...), the rest is handed to the file system. A read-only bind is the bind
    /// and a remount. Options longer than a page are set one by one (fsopen(2), fsconfig(2)).
    ///
    /// `uidmap=` and `gidmap=` show the source of a bind, or the lower layers of an overlay, with other owners
    /// ([IdMapping]).
    void mount(List<Mount> mounts, Path target) throws IOException;

    /// Takes away everything mounted on `target` (several mounts may lie on one another), lazily when it is busy.
    /// A path that is not a mount point, or does not exist, is fine.
    void unmount(Path target) throws IOException;

    /// Takes away every mount at or below `under`, innermost first, lazily when busy.
    void unmountTree(Path under) throws IOException;

    /// The mount points at or below `under`, outermost first, each as often as something is mounted there.
    List<Path> mountPointsUnder(Path under) throws IOException;

    /// Whether any of them shows its files with other owners, which few programs that mount can do.
    static boolean mapIds(List<Mount> mounts) {
        return mounts.stream().anyMatch(IdMapped::isIn);
    }

    /// The kernel's mounts.
    static Mounts system() {
        return new SystemMounts();
    }
}
