package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The chains of committed snapshots that unpacking builds, in one namespace and snapshotter each. Thread-safe.
public final class LayerCommits {
    private final Records records;
    private final Drivers drivers;
    private final Durability durability;
    private final SnapshotEvents events;

    LayerCommits(Records records, Drivers drivers, Durability durability, SnapshotEvents events) {
        this.records = records;
        this.drivers = drivers;
        this.durability = durability;
        this.events = events;
    }

    /// The driver of that name.
    public SnapshotDriver driver(String snapshotter) {
        return drivers.slot(snapshotter).driver();
    }

    /// Attaches a committed snapshot that is there to a lease; false when it is not there (any more).
    public boolean keep(String namespace, String snapshotter, String name, Optional<String> lease) throws IOException {
        SnapshotAddress at = new SnapshotAddress(namespace, snapshotter, name);
        if (lease.isEmpty()) {
            return records.read(c -> records.sound(c, at))
                    .filter(LayerCommits::isCommitted)
                    .isPresent();
        }
        return records.write(c -> {
            boolean present =
                    records.sound(c, at).filter(LayerCommits::isCommitted).isPresent();
            if (present) {
                records.attach(c, at, lease);
            }
            return present;
        });
    }

    private static boolean isCommitted(SnapshotRow row) {
        return row.kind() == SnapshotKind.COMMITTED;
    }

    /// Whether a committed snapshot of that name is there, and it and everything below it is sound.
    public boolean whole(String namespace, String snapshotter, String name) throws IOException {
        SnapshotAddress at = new SnapshotAddress(namespace, snapshotter, name);
        return records.read(c -> {
            Optional<SnapshotRow> top = records.sound(c, at).filter(LayerCommits::isCommitted);
            return top.isPresent()
                    && records.snapshots().chain(c, top.get()).stream().noneMatch(SnapshotRow::lost);
        });
    }

    /// Directories of a committed snapshot (none for an empty name) and of those below it, nearest first.
    public List<Long> directories(String namespace, String snapshotter, String name) throws IOException {
        return records.read(c -> records.parentDirectories(c, new SnapshotAddress(namespace, snapshotter, name)));
    }

    /// A layer that is unpacked and linked.
    ///
    /// @param name of the committed snapshot it becomes
    /// @param parent name of the one below, empty for none
    /// @param staged its files
    /// @param source what they were unpacked from
    public record Layer(
            String namespace,
            String snapshotter,
            String name,
            String parent,
            SnapshotDriver.Staged staged,
            LayerSource source,
            Map<String, String> labels) {}

    /// @param replaces a damaged directory, which goes
    private record Published(long directory, boolean replaces) {}

    /// Records an unpacked layer. True when it was there already (then its directory stays unpublished).
    public boolean commit(Layer layer, Optional<String> lease) throws IOException {
        SnapshotAddress at = new SnapshotAddress(layer.namespace(), layer.snapshotter(), layer.name());
        DriverSlot slot = drivers.slot(layer.snapshotter());
        durability.beforeCommit(slot);
        Optional<Published> published = slot.publishing(c -> {
            records.ensureNamespace(c, at.namespace());
            records.attach(c, at, lease);
            Optional<SnapshotRow> there = records.snapshots().find(c, at);
            if (there.isPresent() && !there.get().lost()) {
                return Optional.empty();
            }
            long parentId = records.parentId(c, at.sibling(layer.parent()));
            long directory = records.directories().make(c, at.snapshotter());
            durability.finished(c, directory);
            records.directories().source(c, directory, layer.source());
            if (there.isPresent()) {
                records.snapshots().replace(c, there.get(), parentId, directory, records.now());
            } else {
                records.snapshots()
                        .insert(c, at, SnapshotKind.COMMITTED, parentId, directory, records.now(), layer.labels());
            }
            Records.publish(layer.staged(), directory);
            return Optional.of(new Published(directory, there.isPresent()));
        });
        if (published.isPresent()) {
            slot.driver().seal(published.get().directory());
            events.committed(at, at.key());
            durability.afterCommit(slot);
            if (published.get().replaces()) {
                slot.cleanupSoon();
            }
        }
        return published.isEmpty();
    }
}
