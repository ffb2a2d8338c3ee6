package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.snapshotter.layer.PathBytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The names that inodes with several names have in the upper tree. The first changed one carries the data; all
/// others, also unchanged ones, become links to it, or they would no longer share the inode.
final class HardLinks {
    private record Inode(DeviceNumber device, long number) {
        static Inode of(Attributes attributes) {
            return new Inode(attributes.device(), attributes.inode());
        }
    }

    private final Map<Inode, PathBytes> written = new HashMap<>();
    private final Map<Inode, List<PathBytes>> unchanged = new HashMap<>();
    private final NameBudget budget;

    HardLinks(NameBudget budget) {
        this.budget = budget;
    }

    /// The name under which this inode is in the layer already.
    Optional<PathBytes> first(Attributes attributes) {
        return attributes.links() > 1 ? Optional.ofNullable(written.get(Inode.of(attributes))) : Optional.empty();
    }

    /// The layer has the inode under `path`; returns unchanged names met before, which are to follow.
    List<PathBytes> wrote(Attributes attributes, PathBytes path) {
        if (attributes.links() <= 1) {
            return List.of();
        }
        keep(path);
        written.put(Inode.of(attributes), path);
        List<PathBytes> waiting = unchanged.remove(Inode.of(attributes));
        return waiting == null ? List.of() : waiting;
    }

    /// An unchanged name of an inode that the layer does not have so far.
    void unchanged(Attributes attributes, PathBytes path) {
        keep(path);
        unchanged.computeIfAbsent(Inode.of(attributes), _ -> new ArrayList<>(2)).add(path);
    }

    private void keep(PathBytes path) {
        budget.take(path.parent(), path.bytes().length);
    }
}
