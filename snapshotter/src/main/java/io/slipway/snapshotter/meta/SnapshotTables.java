package io.slipway.snapshotter.meta;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The statements. Stateless but for the boot id; runs on whatever connection the caller's transaction has.
final class SnapshotTables {
    static final String COMPONENT = "snapshotter";
    static final List<String> SCHEMA = List.of(
            """
            CREATE TABLE snapshot_dir(
              dir INTEGER PRIMARY KEY AUTOINCREMENT,
              snapshotter TEXT NOT NULL,
              boot TEXT NOT NULL DEFAULT '',
              synced INTEGER NOT NULL DEFAULT 0,
              size INTEGER,
              inodes INTEGER)""",
            """
            CREATE TABLE snapshot(
              id INTEGER PRIMARY KEY AUTOINCREMENT,
              namespace TEXT NOT NULL,
              snapshotter TEXT NOT NULL,
              key TEXT NOT NULL,
              kind INTEGER NOT NULL,
              parent INTEGER REFERENCES snapshot(id),
              dir INTEGER NOT NULL REFERENCES snapshot_dir(dir),
              created INTEGER NOT NULL,
              updated INTEGER NOT NULL,
              UNIQUE(namespace, snapshotter, key))""",
            "CREATE INDEX snapshot_parent ON snapshot(parent)",
            "CREATE INDEX snapshot_by_dir ON snapshot(dir)",
            """
            CREATE TABLE snapshot_label(
              snapshot INTEGER NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE,
              key TEXT NOT NULL,
              value TEXT NOT NULL,
              PRIMARY KEY(snapshot, key)) WITHOUT ROWID""",
            """
            CREATE TABLE snapshot_layer(
              dir INTEGER PRIMARY KEY REFERENCES snapshot_dir(dir) ON DELETE CASCADE,
              media_type TEXT NOT NULL,
              digest TEXT NOT NULL,
              size INTEGER NOT NULL,
              diff_id TEXT NOT NULL)""");

    private static final String SELECT = """
            SELECT s.id, s.namespace, s.snapshotter, s.key, s.kind, s.parent, p.key, s.dir, s.created, s.updated,
                   s.kind = 3 AND d.synced = 0 AND d.boot <> ?
            FROM snapshot s JOIN snapshot_dir d ON d.dir = s.dir LEFT JOIN snapshot p ON p.id = s.parent
            """;

    private final String boot;

    SnapshotTables(String boot) {
        this.boot = boot;
    }

    /// The record under that key, lost or not.
    Optional<SnapshotRow> find(Connection c, String namespace, String snapshotter, String key) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>(1);
        query(c, "WHERE s.namespace = ? AND s.snapshotter = ? AND s.key = ?", rows::add, namespace, snapshotter, key);
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

    void all(Connection c, Consumer<SnapshotRow> each) throws SQLException {
        query(c, "ORDER BY s.id DESC", each);
    }

    /// A committed one of that name in any namespace whose files are sound.
    Optional<SnapshotRow> anywhere(Connection c, String snapshotter, String key) throws SQLException {
        List<SnapshotRow> rows = new ArrayList<>();
        query(c, "WHERE s.snapshotter = ? AND s.key = ? AND s.kind = 3", rows::add, snapshotter, key);
        return rows.stream().filter(row -> !row.lost()).findFirst();
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

    long newDirectory(Connection c, String snapshotter) throws SQLException {
        return number(c, "INSERT INTO snapshot_dir(snapshotter) VALUES (?) RETURNING dir", snapshotter);
    }

    /// Records a snapshot in `dir`; `parent` 0 for none.
    void insert(
            Connection c,
            String namespace,
            String snapshotter,
            String key,
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
                namespace,
                snapshotter,
                key,
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
        dropDirectory(c, lost.dir());
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
        dropDirectory(c, row.dir());
    }

    /// Remembers what a directory was unpacked from.
    void source(Connection c, long dir, LayerSource source) throws SQLException {
        update(
                c,
                "INSERT INTO snapshot_layer(dir, media_type, digest, size, diff_id) VALUES (?, ?, ?, ?, ?)",
                dir,
                source.descriptor().mediaType(),
                source.descriptor().digest().toString(),
                source.descriptor().size(),
                source.diffId().toString());
    }

    /// What a directory was unpacked from, if it was.
    Optional<LayerSource> source(Connection c, long dir) throws SQLException {
        try (PreparedStatement query =
                prepared(c, "SELECT media_type, digest, size, diff_id FROM snapshot_layer WHERE dir = ?", dir)) {
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                Digest digest = Digest.parse(row.getString(2));
                return Optional.of(new LayerSource(
                        new Descriptor(row.getString(1), digest, row.getLong(3)), Digest.parse(row.getString(4))));
            }
        }
    }

    /// The record of a directory goes with the last snapshot in it.
    private void dropDirectory(Connection c, long dir) throws SQLException {
        update(
                c,
                "DELETE FROM snapshot_layer WHERE dir = ?1 AND NOT EXISTS(SELECT 1 FROM snapshot WHERE dir = ?1)",
                dir);
        update(c, "DELETE FROM snapshot_dir WHERE dir = ?1 AND NOT EXISTS(SELECT 1 FROM snapshot WHERE dir = ?1)", dir);
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

    /// Its files were finished in this boot; `synced` when they are on disk already.
    void finished(Connection c, long dir, boolean synced) throws SQLException {
        update(c, "UPDATE snapshot_dir SET boot = ?, synced = ? WHERE dir = ?", boot, synced ? 1 : 0, dir);
    }

    /// Directories of committed snapshots of this boot that are not known to be on disk.
    List<Long> unsynced(Connection c, String snapshotter) throws SQLException {
        return numbers(
                c, "SELECT dir FROM snapshot_dir WHERE snapshotter = ? AND boot = ? AND synced = 0", snapshotter, boot);
    }

    void synced(Connection c, List<Long> dirs) throws SQLException {
        for (long dir : dirs) {
            update(c, "UPDATE snapshot_dir SET synced = 1 WHERE dir = ?", dir);
        }
    }

    Set<Long> directories(Connection c, String snapshotter) throws SQLException {
        return new LinkedHashSet<>(numbers(c, "SELECT dir FROM snapshot_dir WHERE snapshotter = ?", snapshotter));
    }

    Optional<SnapshotUsage> usage(Connection c, long dir) throws SQLException {
        try (PreparedStatement query =
                c.prepareStatement("SELECT size, inodes FROM snapshot_dir WHERE dir = ? AND size IS NOT NULL")) {
            query.setLong(1, dir);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? Optional.of(new SnapshotUsage(row.getLong(1), row.getLong(2))) : Optional.empty();
            }
        }
    }

    void usage(Connection c, long dir, SnapshotUsage usage) throws SQLException {
        update(c, "UPDATE snapshot_dir SET size = ?, inodes = ? WHERE dir = ?", usage.sizeBytes(), usage.inodes(), dir);
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
                row.getString(2),
                row.getString(3),
                row.getString(4),
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
                c.prepareStatement("SELECT key, value FROM snapshot_label WHERE snapshot = ? ORDER BY key")) {
            query.setLong(1, id);
            try (ResultSet row = query.executeQuery()) {
                while (row.next()) {
                    labels.put(row.getString(1), row.getString(2));
                }
            }
        }
        return labels;
    }

    private static long number(Connection c, String sql, Object... arguments) throws SQLException {
        return numbers(c, sql, arguments).getFirst();
    }

    private static List<Long> numbers(Connection c, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement query = prepared(c, sql, arguments);
                ResultSet row = query.executeQuery()) {
            List<Long> numbers = new ArrayList<>();
            while (row.next()) {
                numbers.add(row.getLong(1));
            }
            return numbers;
        }
    }

    private static void update(Connection c, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement update = prepared(c, sql, arguments)) {
            update.executeUpdate();
        }
    }

    private static PreparedStatement prepared(Connection c, String sql, Object... arguments) throws SQLException {
        PreparedStatement statement = c.prepareStatement(sql);
        try {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return statement;
        } catch (SQLException e) {
            statement.close();
            throw e;
        }
    }

    private static long nanos(Instant at) {
        return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000_000L), at.getNano());
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }
}
