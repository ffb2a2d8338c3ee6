package io.slipway.snapshotter.meta;

import static io.slipway.snapshotter.meta.Statements.number;
import static io.slipway.snapshotter.meta.Statements.numbers;
import static io.slipway.snapshotter.meta.Statements.prepared;
import static io.slipway.snapshotter.meta.Statements.update;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.snapshotter.SnapshotUsage;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The drivers' directories: what they were unpacked from, what they take, whether they are on disk. Stateless but
/// for the boot id; runs on whatever connection the caller's transaction has.
final class DirectoryTable {
    private final String boot;

    DirectoryTable(String boot) {
        this.boot = boot;
    }

    /// A number nobody has had.
    long make(Connection c, String snapshotter) throws SQLException {
        return number(c, "INSERT INTO snapshot_dir(snapshotter) VALUES (?) RETURNING dir", snapshotter);
    }

    /// Records a directory that is there already.
    void adopt(Connection c, String snapshotter, long dir) throws SQLException {
        update(c, "INSERT INTO snapshot_dir(dir, snapshotter) VALUES (?, ?)", dir, snapshotter);
        finished(c, dir, false);
    }

    /// Numbers up to this one are somebody's.
    void skipTo(Connection c, long dir) throws SQLException {
        update(
                c,
                "INSERT INTO sqlite_sequence(name, seq) SELECT 'snapshot_dir', 0"
                        + " WHERE NOT EXISTS(SELECT 1 FROM sqlite_sequence WHERE name = 'snapshot_dir')");
        update(c, "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'snapshot_dir'", dir);
    }

    /// Whatever was in it is not there any more.
    void gone(Connection c, long dir) throws SQLException {
        update(c, "UPDATE snapshot_dir SET boot = '', synced = 0 WHERE dir = ?", dir);
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
                        prepared(c, "SELECT media_type, digest, size, diff_id FROM snapshot_layer WHERE dir = ?", dir);
                ResultSet row = query.executeQuery()) {
            if (!row.next()) {
                return Optional.empty();
            }
            Digest digest = Digest.parse(row.getString(2));
            return Optional.of(new LayerSource(
                    new Descriptor(row.getString(1), digest, row.getLong(3)), Digest.parse(row.getString(4))));
        }
    }

    /// Forgets a directory, which goes with the last snapshot in it.
    void drop(Connection c, long dir) throws SQLException {
        update(
                c,
                "DELETE FROM snapshot_layer WHERE dir = ?1 AND NOT EXISTS(SELECT 1 FROM snapshot WHERE dir = ?1)",
                dir);
        update(c, "DELETE FROM snapshot_dir WHERE dir = ?1 AND NOT EXISTS(SELECT 1 FROM snapshot WHERE dir = ?1)", dir);
    }

    /// Its files were finished in this boot; `synced` when they are on disk already. One in doubt stays so.
    void finished(Connection c, long dir, boolean synced) throws SQLException {
        update(
                c,
                "UPDATE snapshot_dir SET boot = ?, synced = CASE synced WHEN 2 THEN 2 ELSE ? END WHERE dir = ?",
                boot,
                synced ? 1 : 0,
                dir);
    }

    /// Whether its files were finished in another boot and may not have been on disk when that ended.
    boolean torn(Connection c, long dir) throws SQLException {
        return number(
                        c,
                        "SELECT EXISTS(SELECT 1 FROM snapshot_dir"
                                + " WHERE dir = ? AND synced <> 1 AND boot NOT IN ('', ?))",
                        dir,
                        boot)
                == 1;
    }

    /// Directories finished in this boot that are not known to be on disk, but for those in doubt.
    List<Long> unsynced(Connection c, String snapshotter) throws SQLException {
        return numbers(
                c, "SELECT dir FROM snapshot_dir WHERE snapshotter = ? AND boot = ? AND synced = 0", snapshotter, boot);
    }

    void synced(Connection c, List<Long> dirs) throws SQLException {
        for (long dir : dirs) {
            update(c, "UPDATE snapshot_dir SET synced = 1 WHERE dir = ?", dir);
        }
    }

    /// What is not known to be on disk never will be: the disk has failed to take something of all this.
    void doubt(Connection c, String snapshotter) throws SQLException {
        update(c, "UPDATE snapshot_dir SET synced = 2 WHERE snapshotter = ? AND synced = 0", snapshotter);
    }

    /// All that are recorded.
    Set<Long> all(Connection c, String snapshotter) throws SQLException {
        return new LinkedHashSet<>(numbers(c, "SELECT dir FROM snapshot_dir WHERE snapshotter = ?", snapshotter));
    }

    /// As it was counted, if it was.
    Optional<SnapshotUsage> usage(Connection c, long dir) throws SQLException {
        try (PreparedStatement query =
                        prepared(c, "SELECT size, inodes FROM snapshot_dir WHERE dir = ? AND size IS NOT NULL", dir);
                ResultSet row = query.executeQuery()) {
            return row.next() ? Optional.of(new SnapshotUsage(row.getLong(1), row.getLong(2))) : Optional.empty();
        }
    }

    void usage(Connection c, long dir, SnapshotUsage usage) throws SQLException {
        update(c, "UPDATE snapshot_dir SET size = ?, inodes = ? WHERE dir = ?", usage.sizeBytes(), usage.inodes(), dir);
    }

    /// Of the directories that snapshots have: how many, what was counted, and how many were not.
    void space(Connection c, Consumer<GcRoots.Space> space) throws SQLException {
        try (PreparedStatement query = prepared(
                        c,
                        "SELECT snapshotter, count(*), coalesce(sum(size), 0), sum(size IS NULL) FROM snapshot_dir"
                                + " WHERE dir IN (SELECT dir FROM snapshot) GROUP BY snapshotter ORDER BY snapshotter");
                ResultSet row = query.executeQuery()) {
            while (row.next()) {
                space.accept(new GcRoots.Space(
                        GcNode.snapshotType(row.getString(1)), row.getLong(2), row.getLong(3), row.getLong(4)));
            }
        }
    }
}
