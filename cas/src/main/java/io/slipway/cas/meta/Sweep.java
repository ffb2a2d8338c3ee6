package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Takes away the records of what marking did not reach. Two transactions: first what namespaces see, then
/// the blobs that no namespace sees any more, so that a crash in between leaves only work for the next run.
final class Sweep {

    private Sweep() {}

    /// What went with the first transaction.
    record Gone(List<GcNode> contents, List<GcNode> images, Map<GcRoots, List<GcNode>> parts) {
        int others() {
            return images.size() + parts.values().stream().mapToInt(List::size).sum();
        }
    }

    static Gone records(Connection connection, List<GcRoots> parts, Marking marks, Instant now) throws SQLException {
        expireLeases(connection, now);
        var byPart = new HashMap<GcRoots, List<GcNode>>();
        for (var part : parts) {
            var candidates = new ArrayList<GcNode>();
            part.candidates(connection, candidate -> {
                if (!marks.keeps(candidate)) {
                    candidates.add(candidate);
                }
            });
            var removed = new ArrayList<GcNode>();
            for (var candidate : candidates) {
                if (part.remove(connection, candidate)) {
                    removed.add(candidate);
                }
            }
            if (!removed.isEmpty()) {
                byPart.put(part, removed);
            }
        }
        Lost.sweep(connection, marks);
        var images = unmarked(connection, marks, GcNode.IMAGE, "SELECT namespace, name FROM image");
        for (var image : images) {
            Db.update(connection, "DELETE FROM image WHERE namespace=? AND name=?", image.namespace(), image.key());
        }
        var contents = unmarked(connection, marks, GcNode.CONTENT, "SELECT namespace, digest FROM content");
        for (var content : contents) {
            Db.update(
                    connection,
                    "DELETE FROM content WHERE namespace=? AND digest=?",
                    content.namespace(),
                    content.key());
        }
        return new Gone(contents, images, byPart);
    }

    private static List<GcNode> unmarked(Connection connection, Marking marks, String type, String query)
            throws SQLException {
        var unmarked = new ArrayList<GcNode>();
        Db.each(connection, query, row -> {
            var node = new GcNode(row.getString(1), type, row.getString(2));
            if (!marks.keeps(node)) {
                unmarked.add(node);
            }
        });
        return unmarked;
    }

    private static void expireLeases(Connection connection, Instant now) throws SQLException {
        record Key(String namespace, String id) {}
        var expired = new ArrayList<Key>();
        Db.each(
                connection,
                "SELECT namespace, id, labels FROM lease WHERE labels LIKE '%" + GcLabels.EXPIRE + "%'",
                row -> {
                    if (GcLabels.isExpired(Columns.labels(row.getString(3)), now)) {
                        expired.add(new Key(row.getString(1), row.getString(2)));
                    }
                });
        for (var lease : expired) {
            Db.update(connection, "DELETE FROM lease WHERE namespace=? AND id=?", lease.namespace(), lease.id());
            Db.update(
                    connection,
                    "DELETE FROM lease_resource WHERE namespace=? AND lease=?",
                    lease.namespace(),
                    lease.id());
        }
    }

    /// @param skipped blobs that nobody sees but somebody holds: worth another run
    record Blobs(int count, long bytes, int skipped) {}

    /// Runs on the writer's thread as every link does, so that nothing is linked while its file goes.
    static Blobs blobs(Connection connection, StoredBlobs store) throws SQLException {
        record Row(String digest, long size) {}
        var unseen = Db.list(
                connection,
                "SELECT digest, size FROM blob b WHERE NOT EXISTS(SELECT 1 FROM content c WHERE c.digest=b.digest)",
                row -> new Row(row.getString(1), row.getLong(2)));
        int count = 0;
        long bytes = 0;
        for (var row : unseen) {
            if (remove(store, Digest.parse(row.digest()))) {
                Ledger.forget(connection, row.digest());
                Db.update(connection, "DELETE FROM cache_index WHERE digest=?", row.digest());
                count++;
                bytes += row.size();
            }
        }
        return new Blobs(count, bytes, unseen.size() - count);
    }

    /// Files without a record: a crash between publishing a blob and recording it. Nobody sees them, so they
    /// go.
    static int orphans(Connection connection, StoredBlobs store) throws SQLException {
        var files = new ArrayList<Digest>();
        try {
            store.each(files::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int removed = 0;
        for (var digest : files) {
            if (!Ledger.contains(connection, digest) && remove(store, digest)) {
                removed++;
            }
        }
        return removed;
    }

    private static boolean remove(StoredBlobs store, Digest digest) {
        try {
            return store.remove(digest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
