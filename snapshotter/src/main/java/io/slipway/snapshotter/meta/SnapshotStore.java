package io.slipway.snapshotter.meta;

import com.google.protobuf.Message;
import io.slipway.api.events.SnapshotCommit;
import io.slipway.api.events.SnapshotPrepare;
import io.slipway.api.events.SnapshotRemove;
import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import io.slipway.cas.Events;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import io.slipway.snapshotter.Snapshots;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// [Snapshots] over the database and the drivers. The rules are checked inside the transaction that makes the
/// change; directories are made before it and published in it.
public final class SnapshotStore implements Snapshots {
    private final Surroundings around;
    private final String defaultSnapshotter;
    private final boolean syncBeforeCommit;
    private final Map<String, DriverSlot> drivers = new LinkedHashMap<>();
    private final SnapshotTables tables;
    private volatile Healer healer = (_, _, layers) -> {
        throw new IOException(layers.size() + " layers are to be unpacked again, and nothing here can");
    };

    /// What the store works with.
    ///
    /// @param boot id of this boot of the machine
    /// @param background runs removal of trees and syncs; at least two threads, as a sync may take long
    public record Surroundings(
            Metadata metadata,
            Leases leases,
            Namespaces namespaces,
            Collector collector,
            Events events,
            Clock clock,
            String boot,
            java.util.concurrent.Executor background) {}

    /// Declares its tables at once; nothing is read before the first call.
    public SnapshotStore(
            Surroundings around, List<SnapshotDriver> drivers, String defaultSnapshotter, boolean syncBeforeCommit) {
        this.around = around;
        this.defaultSnapshotter = defaultSnapshotter;
        this.syncBeforeCommit = syncBeforeCommit;
        this.tables = new SnapshotTables(around.boot());
        around.metadata().schema(SnapshotTables.COMPONENT, SnapshotTables.SCHEMA);
        for (SnapshotDriver driver : drivers) {
            this.drivers.put(driver.name(), new DriverSlot(driver, tables, around));
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
        return make(SnapshotKind.ACTIVE, namespace, snapshotter, key, parent, labels, lease);
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
        return make(SnapshotKind.VIEW, namespace, snapshotter, key, parent, labels, lease);
    }

    private List<Mount> make(
            SnapshotKind kind,
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        DriverSlot slot = slot(snapshotter);
        Labels.checked(labels);
        requireKey(key);
        List<Long> parents = around.metadata().read(c -> parentDirs(c, namespace, snapshotter, parent));
        try (SnapshotDriver.Staged staged = slot.driver().stage(kind, parents)) {
            Optional<String> taken = around.metadata().write(c -> {
                around.namespaces().ensure(c, namespace);
                Optional<String> there = alreadyThere(c, namespace, snapshotter, key, labels);
                if (there.isPresent()) {
                    attach(c, namespace, snapshotter, there.get(), lease);
                    return there;
                }
                long parentId = parentId(c, namespace, snapshotter, parent);
                long dir = tables.newDirectory(c, snapshotter);
                tables.insert(
                        c,
                        namespace,
                        snapshotter,
                        key,
                        kind,
                        parentId,
                        dir,
                        around.clock().instant(),
                        labels);
                attach(c, namespace, snapshotter, key, lease);
                publish(staged, dir);
                return Optional.empty();
            });
            if (taken.isPresent()) {
                throw ApiException.alreadyExists("snapshot \"" + taken.get() + "\"");
            }
        }
        if (kind == SnapshotKind.ACTIVE) {
            SnapshotPrepare event = SnapshotPrepare.newBuilder()
                    .setKey(key)
                    .setParent(parent)
                    .setSnapshotter(snapshotter)
                    .build();
            around.events().publish(namespace, "/snapshot/prepare", event);
        }
        return mounts(namespace, snapshotter, key);
    }

    private Optional<String> alreadyThere(
            Connection c, String namespace, String snapshotter, String key, Map<String, String> labels)
            throws SQLException {
        if (tables.find(c, namespace, snapshotter, key).isPresent()) {
            return Optional.of(key);
        }
        String target = labels.getOrDefault(Labels.TARGET, "");
        boolean present =
                !target.isEmpty() && sound(c, namespace, snapshotter, target).isPresent();
        return present ? Optional.of(target) : Optional.empty();
    }

    /// Plugs what unpacks damaged layers again; before the first call of [#mounts].
    public void healWith(Healer other) {
        this.healer = other;
    }

    @Override
    public List<Mount> mounts(String namespace, String snapshotter, String key) throws IOException {
        DriverSlot slot = slot(snapshotter);
        List<SnapshotRow> chain = chain(namespace, snapshotter, key);
        SnapshotRow row = chain.getFirst();
        if (row.kind() == SnapshotKind.COMMITTED) {
            throw ApiException.failedPrecondition("snapshot \"" + key + "\" is committed and can't be mounted");
        }
        Optional<SnapshotRow> damaged = chain.stream().filter(SnapshotRow::lost).findFirst();
        if (damaged.isPresent()) {
            heal(namespace, snapshotter, damaged.get());
            chain = chain(namespace, snapshotter, key);
            if (chain.stream().anyMatch(SnapshotRow::lost)) {
                throw lost(damaged.get().key());
            }
        }
        return slot.driver().mounts(row.kind(), row.dir(), dirs(chain.subList(1, chain.size())));
    }

    private List<SnapshotRow> chain(String namespace, String snapshotter, String key) throws IOException {
        return around.metadata().read(c -> tables.chain(c, require(c, namespace, snapshotter, key)));
    }

    /// Unpacks `top`, which is lost, and what is lost below it again.
    private void heal(String namespace, String snapshotter, SnapshotRow top) throws IOException {
        List<LayerSource> sources = new ArrayList<>();
        around.metadata().read(c -> {
            for (SnapshotRow row : tables.chain(c, top).reversed()) {
                sources.add(tables.source(c, row.dir()).orElseThrow(() -> lost(row.key())));
            }
            return null;
        });
        try {
            healer.heal(namespace, snapshotter, sources);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApiException(ApiException.Code.CANCELLED, "unpacking " + top.key() + " again was cancelled", e);
        } catch (IOException e) {
            ApiException told = lost(top.key());
            told.addSuppressed(e);
            throw told;
        }
    }

    private static ApiException lost(String key) {
        return ApiException.failedPrecondition("snapshot \"" + key
                + "\" was not on disk when the machine went down, and could not be unpacked again; pull its image");
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
        DriverSlot slot = slot(snapshotter);
        Labels.checked(labels);
        requireKey(name);
        if (!parent.isEmpty() && !slot.driver().capabilities().contains(Capability.REBASE)) {
            throw ApiException.unimplemented("snapshotter " + snapshotter + " can't change the parent at commit");
        }
        SnapshotRow active = around.metadata().read(c -> active(c, namespace, snapshotter, key, parent));
        SnapshotUsage usage = slot.driver().usage(active.dir());
        if (syncBeforeCommit) {
            slot.driver().sync();
        }
        around.metadata().write(c -> {
            SnapshotRow row = active(c, namespace, snapshotter, key, parent);
            Optional<SnapshotRow> there = tables.find(c, namespace, snapshotter, name);
            if (there.isPresent() && !there.get().lost()) {
                throw ApiException.alreadyExists("snapshot \"" + name + "\"");
            }
            long parentId = parent.isEmpty() ? row.parent() : parentId(c, namespace, snapshotter, parent);
            tables.usage(c, row.dir(), usage);
            tables.finished(c, row.dir(), syncBeforeCommit);
            if (there.isPresent()) {
                tables.moveInto(c, there.get(), row, parentId, around.clock().instant(), labels);
            } else {
                tables.commit(c, row.id(), name, parentId, around.clock().instant(), labels);
            }
            attach(c, namespace, snapshotter, name, lease);
            return null;
        });
        committed(slot, namespace, snapshotter, key, name);
    }

    private SnapshotRow active(Connection c, String namespace, String snapshotter, String key, String parent)
            throws SQLException {
        SnapshotRow row = require(c, namespace, snapshotter, key);
        if (row.kind() != SnapshotKind.ACTIVE) {
            throw ApiException.failedPrecondition("snapshot \"" + key + "\" is not active");
        }
        if (!parent.isEmpty() && row.parent() != 0 && !row.parentKey().equals(parent)) {
            throw ApiException.failedPrecondition(
                    "snapshot \"" + key + "\" has the parent \"" + row.parentKey() + "\" and can't get another one");
        }
        return row;
    }

    private void committed(DriverSlot slot, String namespace, String snapshotter, String key, String name) {
        SnapshotCommit event = SnapshotCommit.newBuilder()
                .setKey(key)
                .setName(name)
                .setSnapshotter(snapshotter)
                .build();
        around.events().publish(namespace, "/snapshot/commit", event);
        if (!syncBeforeCommit) {
            slot.sync().request();
        }
    }

    @Override
    public void remove(String namespace, String snapshotter, String key) throws IOException {
        DriverSlot slot = slot(snapshotter);
        around.metadata().write(c -> {
            SnapshotRow row = tables.find(c, namespace, snapshotter, key).orElseThrow(() -> absent(key));
            if (tables.hasChildren(c, row.id())) {
                throw ApiException.failedPrecondition("cannot remove snapshot with child");
            }
            tables.delete(c, row);
            return null;
        });
        removed(namespace, snapshotter, key);
        around.collector().schedule();
        slot.cleanupSoon();
    }

    void removed(String namespace, String snapshotter, String key) {
        Message event = SnapshotRemove.newBuilder()
                .setKey(key)
                .setSnapshotter(snapshotter)
                .build();
        around.events().publish(namespace, "/snapshot/remove", event);
    }

    @Override
    public SnapshotInfo stat(String namespace, String snapshotter, String key) throws IOException {
        slot(snapshotter);
        return around.metadata()
                .read(c -> require(c, namespace, snapshotter, key))
                .info();
    }

    @Override
    public SnapshotInfo update(String namespace, String snapshotter, SnapshotInfo info, List<String> mask)
            throws IOException {
        slot(snapshotter);
        return around.metadata().write(c -> {
            SnapshotRow row = require(c, namespace, snapshotter, info.name());
            tables.labels(c, row.id(), Labels.checked(Labels.updated(row.labels(), info.labels(), mask)));
            tables.touch(c, row.id(), around.clock().instant());
            return require(c, namespace, snapshotter, info.name()).info();
        });
    }

    @Override
    public List<SnapshotInfo> list(String namespace, String snapshotter, List<String> filters) throws IOException {
        slot(snapshotter);
        Filter filter = Filter.parse(filters);
        List<SnapshotInfo> found = new ArrayList<>();
        around.metadata().read(c -> {
            tables.list(c, namespace, snapshotter, row -> {
                if (!row.lost() && filter.matches(path -> field(row, path))) {
                    found.add(row.info());
                }
            });
            return null;
        });
        return found;
    }

    private static Optional<String> field(SnapshotRow row, List<String> path) {
        return switch (path.isEmpty() ? "" : path.getFirst()) {
            case "kind" -> Fields.text(row.kind().word(), path);
            case "name" -> Fields.text(row.key(), path);
            case "parent" -> Fields.text(row.parentKey(), path);
            case "labels" -> Fields.inMap(row.labels(), path);
            default -> Optional.empty();
        };
    }

    @Override
    public SnapshotUsage usage(String namespace, String snapshotter, String key) throws IOException {
        DriverSlot slot = slot(snapshotter);
        SnapshotRow row = around.metadata().read(c -> require(c, namespace, snapshotter, key));
        if (row.kind() != SnapshotKind.COMMITTED) {
            return slot.driver().usage(row.dir());
        }
        Optional<SnapshotUsage> known = around.metadata().read(c -> tables.usage(c, row.dir()));
        if (known.isPresent()) {
            return known.get();
        }
        // A committed layer does not change, so counting it when first asked gives what counting at commit had given.
        SnapshotUsage counted = slot.driver().usage(row.dir());
        around.metadata().write(c -> {
            tables.usage(c, row.dir(), counted);
            return null;
        });
        return counted;
    }

    @Override
    public void cleanup(String snapshotter) throws IOException {
        slot(snapshotter).cleanup();
    }

    @Override
    public List<String> snapshotters() {
        return List.copyOf(drivers.keySet());
    }

    @Override
    public String defaultSnapshotter() {
        return defaultSnapshotter;
    }

    /// Finishes in the background what an earlier run of the daemon left: directories nobody knows, missing
    /// syncs.
    public void recoverSoon() {
        for (DriverSlot slot : drivers.values()) {
            slot.cleanupSoon();
            slot.sync().request();
        }
    }

    /// The driver of that name.
    public SnapshotDriver driver(String snapshotter) {
        return slot(snapshotter).driver();
    }

    DriverSlot slot(String snapshotter) {
        if (snapshotter.isEmpty()) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT, "snapshotter argument missing: invalid argument");
        }
        DriverSlot slot = drivers.get(snapshotter);
        if (slot == null) {
            throw ApiException.invalid("snapshotter not loaded: " + snapshotter);
        }
        return slot;
    }

    SnapshotTables tables() {
        return tables;
    }

    /// Whether a committed snapshot of that name is there and sound.
    public boolean committed(String namespace, String snapshotter, String name) throws IOException {
        return around.metadata()
                .read(c -> sound(c, namespace, snapshotter, name))
                .filter(row -> row.kind() == SnapshotKind.COMMITTED)
                .isPresent();
    }

    /// As [#committed], and so is everything below it.
    public boolean whole(String namespace, String snapshotter, String name) throws IOException {
        return committed(namespace, snapshotter, name)
                && chain(namespace, snapshotter, name).stream().noneMatch(SnapshotRow::lost);
    }

    /// Directories of a committed snapshot (none for an empty name) and of those below it, nearest first.
    public List<Long> directories(String namespace, String snapshotter, String name) throws IOException {
        return around.metadata().read(c -> parentDirs(c, namespace, snapshotter, name));
    }

    /// Records an unpacked layer. True when it was there already (then `staged` stays unpublished).
    public boolean commitLayer(
            String namespace,
            String snapshotter,
            String name,
            String parent,
            SnapshotDriver.Staged staged,
            LayerSource source,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException {
        DriverSlot slot = slot(snapshotter);
        if (syncBeforeCommit) {
            slot.driver().sync();
        }
        boolean already = around.metadata().write(c -> {
            around.namespaces().ensure(c, namespace);
            attach(c, namespace, snapshotter, name, lease);
            Optional<SnapshotRow> there = tables.find(c, namespace, snapshotter, name);
            if (there.isPresent() && !there.get().lost()) {
                return true;
            }
            long parentId = parentId(c, namespace, snapshotter, parent);
            long dir = tables.newDirectory(c, snapshotter);
            tables.finished(c, dir, syncBeforeCommit);
            tables.source(c, dir, source);
            if (there.isPresent()) {
                tables.replace(c, there.get(), parentId, dir, around.clock().instant());
            } else {
                tables.insert(
                        c,
                        namespace,
                        snapshotter,
                        name,
                        SnapshotKind.COMMITTED,
                        parentId,
                        dir,
                        around.clock().instant(),
                        labels);
            }
            publish(staged, dir);
            return false;
        });
        if (!already) {
            committed(slot, namespace, snapshotter, name, name);
        }
        return already;
    }

    /// Attaches a snapshot that is there to a lease; false when it is not there (any more).
    public boolean keep(String namespace, String snapshotter, String name, Optional<String> lease) throws IOException {
        if (lease.isEmpty()) {
            return committed(namespace, snapshotter, name);
        }
        return around.metadata().write(c -> {
            boolean present = sound(c, namespace, snapshotter, name).isPresent();
            if (present) {
                attach(c, namespace, snapshotter, name, lease);
            }
            return present;
        });
    }

    private void attach(Connection c, String namespace, String snapshotter, String key, Optional<String> lease)
            throws SQLException {
        around.leases().attach(c, namespace, lease, Leases.Resource.snapshot(snapshotter, key));
    }

    private static void publish(SnapshotDriver.Staged staged, long dir) throws SQLException {
        try {
            staged.publish(dir);
        } catch (IOException e) {
            throw new SQLException("snapshot directory " + dir + " could not be published: " + e.getMessage(), e);
        }
    }

    private Optional<SnapshotRow> sound(Connection c, String namespace, String snapshotter, String key)
            throws SQLException {
        return tables.find(c, namespace, snapshotter, key).filter(row -> !row.lost());
    }

    private SnapshotRow require(Connection c, String namespace, String snapshotter, String key) throws SQLException {
        requireKey(key);
        return sound(c, namespace, snapshotter, key).orElseThrow(() -> absent(key));
    }

    private SnapshotRow parent(Connection c, String namespace, String snapshotter, String parent) throws SQLException {
        SnapshotRow row = sound(c, namespace, snapshotter, parent)
                .orElseThrow(() -> ApiException.notFound("parent snapshot " + parent + " does not exist"));
        if (row.kind() != SnapshotKind.COMMITTED) {
            throw ApiException.invalid("parent \"" + parent + "\" is not committed snapshot");
        }
        return row;
    }

    private long parentId(Connection c, String namespace, String snapshotter, String parent) throws SQLException {
        return parent.isEmpty() ? 0 : parent(c, namespace, snapshotter, parent).id();
    }

    private List<Long> parentDirs(Connection c, String namespace, String snapshotter, String parent)
            throws SQLException {
        return parent.isEmpty() ? List.of() : dirs(tables.chain(c, parent(c, namespace, snapshotter, parent)));
    }

    private static List<Long> dirs(List<SnapshotRow> rows) {
        return rows.stream().map(SnapshotRow::dir).toList();
    }

    private static void requireKey(String key) {
        if (key.isEmpty()) {
            throw ApiException.invalid("snapshot key must not be empty");
        }
    }

    private static ApiException absent(String key) {
        return ApiException.notFound("snapshot " + key + " does not exist");
    }
}
