package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.GcNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Blobs whose bytes turned out to be bad or gone. They are not there for anybody, so that whoever asks fetches
/// them again, but their labels go on keeping what they refer to (the layers of a lost manifest), and where they
/// came from stays known. The table `lost`: namespace, digest, labels, size.
final class Lost {

    private Lost() {}

    /// Takes a blob from all who see it; returns who they are.
    static List<String> lose(Connection connection, Digest digest) throws SQLException {
        var name = digest.toString();
        var namespaces =
                Db.list(connection, "SELECT namespace FROM content WHERE digest=?", row -> row.getString(1), name);
        Db.update(
                connection,
                "INSERT OR REPLACE INTO lost(namespace, digest, labels, size)"
                        + " SELECT namespace, digest, labels, size FROM content WHERE digest=?",
                name);
        Db.update(connection, "DELETE FROM content WHERE digest=?", name);
        Db.update(connection, "DELETE FROM cache_index WHERE digest=?", name);
        Db.update(connection, "DELETE FROM derived WHERE digest=?", name);
        Db.update(connection, "DELETE FROM blob WHERE digest=?", name);
        forgetSources(connection, name);
        return namespaces;
    }

    /// The labels that the namespace had given it; it is no longer lost there.
    static Map<String, String> found(Connection connection, String namespace, Digest digest) throws SQLException {
        var labels = Db.one(
                connection,
                "SELECT labels FROM lost WHERE namespace=? AND digest=?",
                row -> Columns.labels(row.getString(1)),
                namespace,
                digest.toString());
        if (labels.isPresent()) {
            Db.update(connection, "DELETE FROM lost WHERE namespace=? AND digest=?", namespace, digest.toString());
        }
        return labels.orElse(Map.of());
    }

    /// Forgets what nothing refers to any more.
    static void sweep(Connection connection, Marking marks) throws SQLException {
        var gone = new ArrayList<GcNode>();
        Db.each(connection, "SELECT namespace, digest FROM lost", row -> {
            var node = GcNode.content(row.getString(1), row.getString(2));
            if (!marks.keeps(node)) {
                gone.add(node);
            }
        });
        var digests = new HashSet<String>();
        for (var node : gone) {
            Db.update(connection, "DELETE FROM lost WHERE namespace=? AND digest=?", node.namespace(), node.key());
            digests.add(node.key());
        }
        for (var digest : digests) {
            forgetSources(connection, digest);
        }
    }

    /// Where a blob came from is known as long as it is stored or lost.
    private static void forgetSources(Connection connection, String digest) throws SQLException {
        Db.update(
                connection,
                "DELETE FROM blob_source WHERE digest=? AND NOT EXISTS(SELECT 1 FROM lost WHERE digest=?)"
                        + " AND NOT EXISTS(SELECT 1 FROM blob WHERE digest=?)",
                digest,
                digest,
                digest);
    }
}
