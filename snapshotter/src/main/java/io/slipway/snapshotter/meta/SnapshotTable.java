package io.slipway.snapshotter.meta;

import static io.slipway.snapshotter.meta.Statements.number;
import static io.slipway.snapshotter.meta.Statements.prepared;
import static io.slipway.snapshotter.meta.Statements.update;

import io.slipway.snapshotter.SnapshotKind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// The records of snapshots and their labels. Stateless but for the boot id; runs on whatever connection the
/// caller's transaction has.
final class SnapshotTable {
    private static final String SELECT = """
            SELECT s.id, s.namespace, s.snapshotter, s.key, s.kind, s.parent, p.key, s.dir, s.created, s.updated,
                   s.kind = 3 AND d.synced <> 1 AND d.boot <> ?
            FROM snapshot s JOIN snapshot_dir d ON d.dir = s.dir LEFT JOIN snapshot p ON p.id = s.parent
            """;

    private final String boot;
    private final DirectoryTable directories;

    SnapshotTable(String boot, DirectoryTable directories) {
        this.boot = boot;
        this.directories = directories;
    }

    /// The record under that key, lost or not.
    Optional<SnapshotRow> find(Connection c, SnapshotAddress at) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>(1);
        query(
                c,
                "WHERE s.namespace = ? AND s.snapshotter = ? AND s.key = ?",
                rows::add,
                at.namespace(),
                at.snapshotter(),
                at.key());
        return rows.stream().findFirst();
    }

    Optional<SnapshotRow> byId(Connection c, long id) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>(1);
        query(c, "WHERE s.id = ?", rows::add, id);
        return rows.stream().findFirst();
    }

    void list(Connection c, String namespace, String snapshotter, Consumer<SnapshotRow> each) throws SQLException {
        query(c, "WHERE s.namespace = ? AND s.snapshotter = ? ORDER BY s.key", each, namespace, snapshotter);
    }

    /// The committed ones of that name in all namespaces, lost or not.
    List<SnapshotRow> committed(Connection c, String snapshotter, String key) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>();
        query(c, "WHERE s.snapshotter = ? AND s.key = ? AND s.kind = 3 ORDER BY s.id", rows::add, snapshotter, key);
        return rows;
    }

    /// Those beside `at` that carry a label.
    List<SnapshotRow> labelled(Connection c, SnapshotAddress at, String label, String value) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>();
        query(
                c,
                "WHERE s.namespace = ? AND s.snapshotter = ? AND s.id IN"
                        + " (SELECT snapshot FROM snapshot_label WHERE key = ? AND value = ?) ORDER BY s.id",
                rows::add,
                at.namespace(),
                at.snapshotter(),
                label,
                value);
        return rows;
    }

    /// Those in a directory, of all namespaces.
    List<SnapshotRow> in(Connection c, long dir) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>();
        query(c, "WHERE s.dir = ? ORDER BY s.id", rows::add, dir);
        return rows;
    }

    void all(Connection c, Consumer<SnapshotRow> each) throws SQLException {
        query(c, "ORDER BY s.id DESC", each);
    }

    /// The row and its ancestors, nearest first.
    List<SnapshotRow> chain(Connection c, SnapshotRow from) throws SQLException {
        List<SnapshotRow> chain = new ArrayList<>(List.of(from));
        while (chain.getLast().parent() != 0) {
            long parent = chain.getLast().parent();
            chain.add(byId(c, parent).orElseThrow(() -> new SQLException("snapshot " + parent + " is missing")));
        }
        return chain;
    }

    boolean hasChildren(Connection c, long id) throws SQLException {
        return number(c, "SELECT EXISTS(SELECT 1 FROM snapshot WHERE parent = ?)", id) == 1;
    }

    /// Records a snapshot in `dir`; `parent` 0 for none.
    void insert(
            Connection c,
            SnapshotAddress at,
            SnapshotKind kind,
            long parent,
            long dir,
            Instant now,
            Map<String, String> labels)
            throws SQLException {
        long id = number(
                c,
                "INSERT INTO snapshot(namespace, snapshotter, key, kind, parent, dir, created, updated)"
                        + " VALUES (?, ?, ?, ?, nullif(?, 0), ?, ?, ?) RETURNING id",
                at.namespace(),
                at.snapshotter(),
                at.key(),
                kind.number(),
                parent,
                dir,
                nanos(now),
                nanos(now));
        labels(c, id, labels);
    }

    /// Turns an active record into a committed one of another name.
    void commit(Connection c, long id, String name, long parent, Instant now, Map<String, String> labels)
            throws SQLException {
        update(
                c,
                "UPDATE snapshot SET key = ?, kind = 3, parent = nullif(?, 0), created = ?, updated = ? WHERE id = ?",
                name,
                parent,
                nanos(now),
                nanos(now),
                id);
        labels(c, id, labels);
    }

    /// Gives a lost record new files.
    void replace(Connection c, SnapshotRow lost, long parent, long dir, Instant now) throws SQLException {
        update(
                c,
                "UPDATE snapshot SET dir = ?, parent = nullif(?, 0), updated = ? WHERE id = ?",
                dir,
                parent,
                nanos(now),
                lost.id());
        directories.drop(c, lost.dir());
    }

    /// Gives a lost committed record the files of an active one, which goes.
    void moveInto(
            Connection c, SnapshotRow lost, SnapshotRow active, long parent, Instant now, Map<String, String> labels)
            throws SQLException {
        update(c, "DELETE FROM snapshot_label WHERE snapshot = ?", active.id());
        update(c, "DELETE FROM snapshot WHERE id = ?", active.id());
        replace(c, lost, parent, active.dir(), now);
        labels(c, lost.id(), labels);
    }

    void delete(Connection c, SnapshotRow row) throws SQLException {
        update(c, "DELETE FROM snapshot_label WHERE snapshot = ?", row.id());
        update(c, "DELETE FROM snapshot WHERE id = ?", row.id());
        directories.drop(c, row.dir());
    }

    /// Replaces the labels of a record.
    void labels(Connection c, long id, Map<String, String> labels) throws SQLException {
        update(c, "DELETE FROM snapshot_label WHERE snapshot = ?", id);
        for (Map.Entry<String, String> label : labels.entrySet()) {
            update(
                    c,
                    "INSERT INTO snapshot_label(snapshot, key, value) VALUES (?, ?, ?)",
                    id,
                    label.getKey(),
                    label.getValue());
        }
    }

    void touch(Connection c, long id, Instant now) throws SQLException {
        update(c, "UPDATE snapshot SET updated = ? WHERE id = ?", nanos(now), id);
    }

    private void query(Connection c, String where, Consumer<SnapshotRow> each, Object... arguments)
            throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>();
        try (PreparedStatement query = c.prepareStatement(SELECT + where)) {
            query.setString(1, boot);
            for (int i = 0; i < arguments.length; i++) {
                query.setObject(i + 2, arguments[i]);
            }
            try (ResultSet row = query.executeQuery()) {
                while (row.next()) {
                    rows.add(row(c, row));
                }
            }
        }
        rows.forEach(each);
    }

    private static SnapshotRow row(Connection c, ResultSet row) throws SQLException {
        String parentKey = row.getString(7);
        return new SnapshotRow(
                row.getLong(1),
                new SnapshotAddress(row.getString(2), row.getString(3), row.getString(4)),
                SnapshotKind.of(row.getInt(5)),
                row.getLong(6),
                parentKey == null ? "" : parentKey,
                row.getLong(8),
                instant(row.getLong(9)),
                instant(row.getLong(10)),
                row.getInt(11) == 1,
                labelsOf(c, row.getLong(1)));
    }

    private static Map<String, String> labelsOf(Connection c, long id) throws SQLException {
        Map<String, String> labels = new LinkedHashMap<>();
        try (PreparedStatement query =
                        prepared(c, "SELECT key, value FROM snapshot_label WHERE snapshot = ? ORDER BY key", id);
                ResultSet row = query.executeQuery()) {
            while (row.next()) {
                labels.put(row.getString(1), row.getString(2));
            }
        }
        return labels;
    }

    private static long nanos(Instant at) {
        return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000_000L), at.getNano());
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }
}
