package io.slipway.snapshotter.meta;

import io.slipway.linux.Mount;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.Snapshots;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// [Snapshots] over the database and the drivers: puts the parts together that do the work. The rules are
/// checked inside the transaction that makes the change; directories are made before it and published in it.
public final class SnapshotStore implements Snapshots {
    private final Surroundings around;
    private final String defaultSnapshotter;
    private final Records records;
    private final Drivers drivers;
    private final SnapshotEvents events;
    private final Preparing preparing;
    private final Mounting mounting;
    private final Committing committing;
    private final Removing removing;
    private final Inspecting inspecting;
    private final LayerCommits layers;

    /// Declares its tables at once; nothing is read before the first call.
    ///
    /// @param off snapshotters that can't be used here, and why
    public SnapshotStore(
            Surroundings around, List<SnapshotDriver> drivers, Map<String, String> off, String defaultSnapshotter) {
        this.around = around;
        this.defaultSnapshotter = defaultSnapshotter;
        this.records = new Records(around, drivers);
        this.drivers = new Drivers(drivers, off, records, around);
        this.events = new SnapshotEvents(around.events());
        Durability durability = new Durability(around.syncBeforeCommit(), records.directories());
        this.preparing =
                new Preparing(records, this.drivers, new Targets(records, around.shared()), durability, events);
        this.mounting = new Mounting(records, this.drivers);
        this.committing = new Committing(records, this.drivers, durability, events);
        this.removing = new Removing(records, this.drivers, events, around.collector());
        this.inspecting = new Inspecting(records, this.drivers);
        this.layers = new LayerCommits(records, this.drivers, durability, events);
    }

    /// The chains that unpacking builds.
    public LayerCommits layers() {
        return layers;
    }

    /// The snapshots' part in garbage collection.
    public SnapshotGc gc() {
        return new SnapshotGc(records, drivers, events, around.clock());
    }

    /// Plugs what unpacks damaged layers again; before the first call of [#mounts].
    public void healWith(Healer healer) {
        mounting.healWith(healer);
    }

    /// Finishes in the background what an earlier run of the daemon left: directories nobody knows, missing
    /// syncs.
    public void recoverSoon() {
        for (DriverSlot slot : drivers.all()) {
            slot.cleanupSoon();
            slot.sync().request();
        }
    }

    @Override
    public List<Mount> prepare(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        SnapshotAddress at = new SnapshotAddress(namespace, snapshotter, key);
        preparing.make(SnapshotKind.ACTIVE, at, parent, labels, lease);
        return mounting.mounts(at);
    }

    @Override
    public List<Mount> view(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        SnapshotAddress at = new SnapshotAddress(namespace, snapshotter, key);
        preparing.make(SnapshotKind.VIEW, at, parent, labels, lease);
        return mounting.mounts(at);
    }

    @Override
    public List<Mount> mounts(String namespace, String snapshotter, String key) throws IOException {
        return mounting.mounts(new SnapshotAddress(namespace, snapshotter, key));
    }

    @Override
    public void commit(
            String namespace,
            String snapshotter,
            String name,
            String key,
            Map<String, String> labels,
            String parent,
            Optional<String> lease)
            throws IOException {
        committing.commit(new SnapshotAddress(namespace, snapshotter, key), name, labels, parent, lease);
    }

    @Override
    public void remove(String namespace, String snapshotter, String key) throws IOException {
        removing.remove(new SnapshotAddress(namespace, snapshotter, key));
    }

    @Override
    public SnapshotInfo stat(String namespace, String snapshotter, String key) throws IOException {
        return inspecting.stat(new SnapshotAddress(namespace, snapshotter, key));
    }

    @Override
    public SnapshotInfo update(String namespace, String snapshotter, SnapshotInfo info, List<String> mask)
            throws IOException {
        return inspecting.update(namespace, snapshotter, info, mask);
    }

    @Override
    public List<SnapshotInfo> listOfProxies(String snapshotter, List<String> filters) throws IOException {
        return inspecting.listOfProxies(snapshotter, filters);
    }

    @Override
    public List<SnapshotInfo> list(String namespace, String snapshotter, List<String> filters) throws IOException {
        return inspecting.list(namespace, snapshotter, filters);
    }

    @Override
    public SnapshotUsage usage(String namespace, String snapshotter, String key) throws IOException {
        return inspecting.usage(new SnapshotAddress(namespace, snapshotter, key));
    }

    @Override
    public void cleanup(String snapshotter) throws IOException {
        drivers.slot(snapshotter).cleanup();
    }

    @Override
    public List<String> snapshotters() {
        return drivers.names();
    }

    @Override
    public String defaultSnapshotter() {
        return defaultSnapshotter;
    }
}
