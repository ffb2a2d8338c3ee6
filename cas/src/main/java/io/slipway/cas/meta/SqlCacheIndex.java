package io.slipway.cas.meta;

import io.slipway.cas.CacheIndex;
import io.slipway.cas.Collector;
import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/// [CacheIndex] in the table `cache_index`.
final class SqlCacheIndex implements CacheIndex {

    private final Metadata metadata;
    private final SqlContents contents;
    private final StoredBlobs blobs;
    private final Collector collector;
    private final Clock clock;
    private final LastUse lastUse;
    private volatile Runnable admitted = () -> {};

    SqlCacheIndex(
            Metadata metadata,
            SqlContents contents,
            StoredBlobs blobs,
            Collector collector,
            Clock clock,
            LastUse lastUse) {
        this.metadata = metadata;
        this.contents = contents;
        this.blobs = blobs;
        this.collector = collector;
        this.clock = clock;
        this.lastUse = lastUse;
    }

    /// Runs after each admission; plugged once.
    void afterAdmission(Runnable hook) {
        admitted = hook;
    }

    @Override
    public void admit(Digest digest, Map<String, String> labels) throws IOException {
        var linked = metadata.write(connection -> {
            var link = contents.link(connection, Namespaces.MIRROR, digest, labels, Optional.empty());
            Db.update(
                    connection,
                    "INSERT INTO cache_index(digest, size, last_used) VALUES(?,?,?)"
                            + " ON CONFLICT(digest) DO UPDATE SET last_used=excluded.last_used",
                    digest.toString(),
                    link.info().size(),
                    Columns.time(clock.instant()));
            return link;
        });
        contents.announce(Namespaces.MIRROR, linked);
        admitted.run();
    }

    @Override
    public boolean contains(Digest digest) throws IOException {
        return metadata.read(connection -> Db.one(
                        connection, "SELECT 1 FROM cache_index WHERE digest=?", row -> row.getInt(1), digest.toString())
                .isPresent());
    }

    @Override
    public void evict(Digest digest) throws IOException {
        metadata.write(connection -> unroot(connection, digest.toString()));
        collector.schedule();
    }

    @Override
    public long bytes() throws IOException {
        return metadata.read(SqlCacheIndex::bytes);
    }

    @Override
    public long shrinkTo(long target) throws IOException {
        return release(connection -> bytes(connection) - target, "SELECT digest, size FROM cache_index");
    }

    @Override
    public long free(long bytes) throws IOException {
        return release(_ -> bytes, """
                SELECT digest, size FROM cache_index AS i WHERE NOT EXISTS
                    (SELECT 1 FROM content AS c WHERE c.digest = i.digest AND c.namespace <> '""" + Namespaces.MIRROR + "')");
    }

    private interface Excess {
        long of(Connection connection) throws SQLException;
    }

    /// Unroots the least recently used of `candidates` until the excess is gone.
    private long release(Excess excess, String candidates) throws IOException {
        lastUse.flush();
        var held = blobs.held();
        long unrooted = metadata.write(connection -> {
            long wanted = excess.of(connection);
            if (wanted <= 0) {
                return 0L;
            }
            record Entry(String digest, long size) {}
            long released = 0;
            var oldest = Db.list(
                    connection, candidates + " ORDER BY last_used", row -> new Entry(row.getString(1), row.getLong(2)));
            for (var entry : oldest) {
                if (released >= wanted) {
                    break;
                }
                if (!held.contains(Digest.parse(entry.digest()))) {
                    unroot(connection, entry.digest());
                    released += entry.size();
                }
            }
            return released;
        });
        if (unrooted > 0) {
            collector.schedule();
        }
        return unrooted;
    }

    private static long bytes(Connection connection) throws SQLException {
        return Db.one(connection, "SELECT coalesce(sum(size),0) FROM cache_index", row -> row.getLong(1))
                .orElse(0L);
    }

    private static int unroot(Connection connection, String digest) throws SQLException {
        return Db.update(connection, "DELETE FROM cache_index WHERE digest=?", digest);
    }
}
