package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import io.slipway.cas.Provenance;
import io.slipway.cas.file.BlobLedger;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Set;

/// The rows of stored blobs.
public final class Ledger implements BlobLedger {

    private final Metadata metadata;
    private final Clock clock;

    public Ledger(Metadata metadata, Clock clock) {
        this.metadata = metadata;
        this.clock = clock;
    }

    @Override
    public void stored(Digest digest, long size, Set<Provenance> sources) throws IOException {
        metadata.write(connection -> {
            record(connection, digest, size, Columns.time(Columns.now(clock)));
            for (var source : sources) {
                addSource(connection, digest, source);
            }
            return true;
        });
    }

    static void record(Connection connection, Digest digest, long size, long now) throws SQLException {
        Db.update(
                connection,
                "INSERT INTO blob(digest, size, created, last_used) VALUES(?,?,?,?)"
                        + " ON CONFLICT(digest) DO UPDATE SET last_used=excluded.last_used",
                digest.toString(),
                size,
                now,
                now);
    }

    static boolean contains(Connection connection, Digest digest) throws SQLException {
        return Db.one(connection, "SELECT 1 FROM blob WHERE digest=?", row -> row.getInt(1), digest.toString())
                .isPresent();
    }

    static void addSource(Connection connection, Digest digest, Provenance provenance) throws SQLException {
        if (provenance.equals(Provenance.UNKNOWN)) {
            return;
        }
        Db.update(
                connection,
                "INSERT INTO blob_source(digest, host, repository, access) SELECT ?,?,?,?"
                        + " WHERE EXISTS(SELECT 1 FROM blob WHERE digest=?) ON CONFLICT DO NOTHING",
                digest.toString(),
                provenance.host(),
                provenance.repository(),
                access(provenance.access()),
                digest.toString());
    }

    static void forget(Connection connection, String digest) throws SQLException {
        Db.update(connection, "DELETE FROM blob WHERE digest=?", digest);
        Db.update(connection, "DELETE FROM blob_source WHERE digest=?", digest);
        Db.update(connection, "DELETE FROM derived WHERE digest=?", digest);
    }

    private static String access(Provenance.Access access) {
        return switch (access) {
            case Provenance.Access.Public() -> "public";
            case Provenance.Access.Scoped(var id) -> "scoped:" + id;
            case Provenance.Access.Unknown() -> "unknown";
        };
    }

    static Provenance.Access access(String column) {
        if (column.equals("public")) {
            return new Provenance.Access.Public();
        }
        return column.startsWith("scoped:")
                ? new Provenance.Access.Scoped(column.substring("scoped:".length()))
                : new Provenance.Access.Unknown();
    }
}
