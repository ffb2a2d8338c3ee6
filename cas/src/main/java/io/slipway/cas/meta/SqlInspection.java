package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Inspection;
import io.slipway.cas.Metadata;
import io.slipway.cas.Provenance;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// [Inspection] over the tables and the files.
final class SqlInspection implements Inspection {

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final List<GcRoots> parts;
    private final Clock clock;
    private final LastUse lastUse;
    private final CacheBound.Space space;
    private final Losing losing;
    private final Scrub scrub;

    /// @param parts that take part in collection; may still grow
    SqlInspection(
            Metadata metadata,
            StoredBlobs blobs,
            List<GcRoots> parts,
            Clock clock,
            LastUse lastUse,
            CacheBound.Space space,
            Losing losing,
            Scrub scrub) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.parts = parts;
        this.clock = clock;
        this.lastUse = lastUse;
        this.space = space;
        this.losing = losing;
        this.scrub = scrub;
    }

    private record Blob(long size, Instant created, Instant used) {}

    @Override
    public Optional<Why> why(Digest digest) throws IOException {
        lastUse.flush();
        boolean inUse = blobs.held().contains(digest);
        var fetches = blobs.arriving(digest);
        var why = metadata.read(connection -> {
            var name = digest.toString();
            var blob = Db.one(
                    connection,
                    "SELECT size, created, last_used FROM blob WHERE digest=?",
                    row -> new Blob(row.getLong(1), Columns.time(row.getLong(2)), Columns.time(row.getLong(3))),
                    name);
            var found = new Keepers(connection, List.copyOf(parts), clock.instant()).of(digest);
            return new Why(
                    digest,
                    blob.isPresent(),
                    blob.map(Blob::size).orElse(0L),
                    blob.map(Blob::created),
                    blob.map(Blob::used),
                    names(connection, "SELECT namespace FROM content WHERE digest=? ORDER BY namespace", name),
                    names(connection, "SELECT namespace FROM lost WHERE digest=? ORDER BY namespace", name),
                    found.keepers(),
                    found.more(),
                    sources(connection, name),
                    fetches,
                    inUse);
        });
        boolean known = why.stored()
                || !why.fetches().isEmpty()
                || !why.keepers().isEmpty()
                || !why.namespaces().isEmpty()
                || !why.lostBy().isEmpty();
        return known ? Optional.of(why) : Optional.empty();
    }

    private static List<String> names(Connection connection, String query, String digest) throws SQLException {
        return Db.list(connection, query, row -> row.getString(1), digest);
    }

    private static Set<Provenance> sources(Connection connection, String digest) throws SQLException {
        return Set.copyOf(Db.list(
                connection,
                "SELECT host, repository, access FROM blob_source WHERE digest=?",
                row -> new Provenance(row.getString(1), row.getString(2), Ledger.access(row.getString(3))),
                digest));
    }

    @Override
    public Usage usage() throws IOException {
        var ingests = blobs.ingests();
        var quarantine = blobs.quarantined();
        return metadata.read(connection -> {
            var own = new HashMap<String, Amount>();
            Db.each(
                    connection,
                    "SELECT count(*), sum(size), namespace FROM content AS c WHERE NOT EXISTS"
                            + " (SELECT 1 FROM content AS o WHERE o.digest=c.digest AND o.namespace<>c.namespace)"
                            + " GROUP BY namespace",
                    row -> own.put(row.getString(3), amount(row)));
            var namespaces = Db.list(
                    connection,
                    "SELECT count(*), sum(size), namespace FROM content GROUP BY namespace ORDER BY namespace",
                    row -> new NamespaceUsage(
                            row.getString(3), amount(row), own.getOrDefault(row.getString(3), new Amount(0, 0))));
            var spaces = new ArrayList<GcRoots.Space>();
            for (var part : parts) {
                part.space(connection, spaces::add);
            }
            return new Usage(
                    total(connection, "SELECT count(*), coalesce(sum(size), 0) FROM blob"),
                    namespaces,
                    total(connection, "SELECT count(*), coalesce(sum(size), 0) FROM cache_index"),
                    ingests,
                    quarantine,
                    spaces,
                    space.capacity(),
                    space.free());
        });
    }

    private static Amount amount(ResultSet row) throws SQLException {
        return new Amount(row.getLong(1), row.getLong(2));
    }

    private static Amount total(Connection connection, String query) throws SQLException {
        return Db.one(connection, query, SqlInspection::amount).orElse(new Amount(0, 0));
    }

    @Override
    public Scrubbed scrub(OptionalLong bytesPerSecond, ScrubEvents to) throws IOException, InterruptedException {
        return scrub.now(bytesPerSecond, to);
    }

    @Override
    public Checked check(boolean deep, boolean repair, Findings to) throws IOException, InterruptedException {
        return new StoreCheck(metadata, blobs, losing, deep, repair, to).run();
    }
}
