package io.slipway.cas.meta;

import io.slipway.api.events.ContentCreate;
import io.slipway.api.events.ContentDelete;
import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import io.slipway.cas.ContentInfo;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Events;
import io.slipway.cas.LabelUpdate;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Provenance;
import io.slipway.cas.SharingPolicy;
import io.slipway.cas.file.StoredBlobs;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// [Contents] in the tables `content`, `blob` and `blob_source`.
final class SqlContents implements Contents {

    private static final String SHAREABLE = "containerd.io/namespace.shareable";

    private static final String COLUMNS = "digest, size, created, updated, labels";

    /// Rows fetched at a time while listing, so that neither the list nor a transaction grows with the store.
    private static final int PAGE_ROWS = 500;

    private final Metadata metadata;
    private final Namespaces namespaces;
    private final Leases leases;
    private final StoredBlobs blobs;
    private final Collector collector;
    private final Events events;
    private final Clock clock;
    private final LastUse lastUse;
    private final SharingPolicy sharing;

    SqlContents(
            Metadata metadata,
            Namespaces namespaces,
            Leases leases,
            StoredBlobs blobs,
            Collector collector,
            Events events,
            Clock clock,
            LastUse lastUse,
            SharingPolicy sharing) {
        this.metadata = metadata;
        this.namespaces = namespaces;
        this.leases = leases;
        this.blobs = blobs;
        this.collector = collector;
        this.events = events;
        this.clock = clock;
        this.lastUse = lastUse;
        this.sharing = sharing;
    }

    @Override
    public Optional<ContentInfo> info(String namespace, Digest digest) throws IOException {
        return metadata.read(connection -> find(connection, namespace, digest));
    }

    @Override
    public void list(String namespace, Filter filter, Each each) throws IOException, InterruptedException {
        var after = "";
        while (true) {
            var from = after;
            var page = metadata.read(connection -> Db.list(
                    connection,
                    "SELECT " + COLUMNS + " FROM content WHERE namespace=? AND digest>? ORDER BY digest LIMIT "
                            + PAGE_ROWS,
                    SqlContents::content,
                    namespace,
                    from));
            for (var info : page) {
                if (filter.matches(fields(info))) {
                    each.accept(info);
                }
            }
            if (page.size() < PAGE_ROWS) {
                return;
            }
            after = page.getLast().digest().toString();
        }
    }

    private static Fields fields(ContentInfo info) {
        return path -> switch (path.getFirst()) {
            case "digest" -> Fields.text(info.digest().toString(), path);
            case "labels" -> Fields.inMap(info.labels(), path);
            default -> Optional.empty();
        };
    }

    @Override
    public ContentInfo update(String namespace, Digest digest, LabelUpdate change) throws IOException {
        return metadata.write(connection -> {
            var before = find(connection, namespace, digest).orElseThrow(() -> unknown(digest));
            var after = new ContentInfo(
                    digest,
                    before.size(),
                    before.createdAt(),
                    Columns.now(clock),
                    Labels.check(change.applyTo(before.labels())));
            Db.update(
                    connection,
                    "UPDATE content SET labels=?, updated=? WHERE namespace=? AND digest=?",
                    Columns.labels(after.labels()),
                    Columns.time(after.updatedAt()),
                    namespace,
                    digest.toString());
            return after;
        });
    }

    @Override
    public void delete(String namespace, Digest digest) throws IOException {
        metadata.write(connection -> {
            int deleted = Db.update(
                    connection, "DELETE FROM content WHERE namespace=? AND digest=?", namespace, digest.toString());
            if (deleted == 0) {
                throw unknown(digest);
            }
            return true;
        });
        events.publish(
                namespace,
                "/content/delete",
                ContentDelete.newBuilder().setDigest(digest.toString()).build());
        collector.schedule();
    }

    @Override
    public ContentInfo link(String namespace, Digest digest, Map<String, String> labels, Optional<String> lease)
            throws IOException {
        var linked = metadata.write(connection -> link(connection, namespace, digest, labels, lease));
        announce(namespace, linked);
        return linked.info();
    }

    @Override
    public void linkAll(String namespace, Map<Digest, Map<String, String>> labelsByDigest, Optional<String> lease)
            throws IOException {
        var linked = metadata.write(connection -> {
            var all = new ArrayList<Linked>();
            for (var entry : labelsByDigest.entrySet()) {
                all.add(link(connection, namespace, entry.getKey(), entry.getValue(), lease));
            }
            return all;
        });
        linked.forEach(one -> announce(namespace, one));
    }

    /// @param fresh it was not visible before
    record Linked(ContentInfo info, boolean fresh) {}

    void announce(String namespace, Linked linked) {
        if (linked.fresh()) {
            events.publish(
                    namespace,
                    "/content/create",
                    ContentCreate.newBuilder()
                            .setDigest(linked.info().digest().toString())
                            .setSize(linked.info().size())
                            .build());
        }
    }

    /// On the writer's thread, as removal is: the file that is there now stays until the transaction is
    /// through.
    Linked link(
            Connection connection, String namespace, Digest digest, Map<String, String> labels, Optional<String> lease)
            throws SQLException {
        long size;
        try {
            size = blobs.size(digest).orElseThrow(() -> unknown(digest));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        namespaces.ensure(connection, namespace);
        var now = Columns.now(clock);
        Ledger.record(connection, digest, size, Columns.time(now));
        var before = find(connection, namespace, digest);
        var known = before.isPresent() ? before.get().labels() : Lost.found(connection, namespace, digest);
        var after = new ContentInfo(
                digest,
                size,
                before.map(ContentInfo::createdAt).orElse(now),
                now,
                Labels.check(new LabelUpdate.Set(labels).applyTo(known)));
        if (before.isEmpty() || !before.get().labels().equals(after.labels())) {
            Db.update(
                    connection,
                    "INSERT INTO content(namespace, digest, size, brought, created, updated, labels)"
                            + " VALUES(?,?,?,1,?,?,?) ON CONFLICT(namespace, digest)"
                            + " DO UPDATE SET labels=excluded.labels, updated=excluded.updated",
                    namespace,
                    digest.toString(),
                    size,
                    Columns.time(after.createdAt()),
                    Columns.time(now),
                    Columns.labels(after.labels()));
        }
        leases.attach(connection, namespace, lease, Leases.Resource.content(digest));
        return new Linked(after, before.isEmpty());
    }

    @Override
    public Set<Digest> visible(String namespace, Collection<Digest> digests) throws IOException {
        return metadata.read(connection -> {
            var visible = new HashSet<Digest>();
            for (var digest : Set.copyOf(digests)) {
                if (find(connection, namespace, digest).isPresent()) {
                    visible.add(digest);
                }
            }
            return visible;
        });
    }

    @Override
    public boolean isOpenTo(String namespace, Digest digest) throws IOException {
        return sharing == SharingPolicy.SHARED
                || metadata.read(connection -> {
                    var open = new ArrayList<String>();
                    Db.each(
                            connection,
                            "SELECT c.namespace, n.labels FROM content c JOIN namespace n ON n.name=c.namespace"
                                    + " WHERE c.digest=?",
                            row -> {
                                var name = row.getString(1);
                                var shareable = Columns.labels(row.getString(2)).get(SHAREABLE);
                                if (name.equals(namespace) || "true".equals(shareable)) {
                                    open.add(name);
                                }
                            },
                            digest.toString());
                    return !open.isEmpty();
                });
    }

    @Override
    public Set<Provenance> provenance(Digest digest) throws IOException {
        return Set.copyOf(metadata.read(connection -> Db.list(
                connection,
                "SELECT host, repository, access FROM blob_source AS s WHERE digest=?"
                        + " AND EXISTS(SELECT 1 FROM blob WHERE digest=s.digest)",
                row -> new Provenance(row.getString(1), row.getString(2), Ledger.access(row.getString(3))),
                digest.toString())));
    }

    @Override
    public void addProvenance(Digest digest, Provenance provenance) throws IOException {
        // Asked often for the same answer: a read spares the write and its fsync.
        if (!provenance(digest).contains(provenance)) {
            metadata.write(connection -> {
                Ledger.addSource(connection, digest, provenance);
                return true;
            });
        }
    }

    @Override
    public void touch(Digest digest) {
        lastUse.touch(digest);
    }

    private static Optional<ContentInfo> find(Connection connection, String namespace, Digest digest)
            throws SQLException {
        return Db.one(
                connection,
                "SELECT " + COLUMNS + " FROM content WHERE namespace=? AND digest=?",
                SqlContents::content,
                namespace,
                digest.toString());
    }

    private static ContentInfo content(ResultSet row) throws SQLException {
        return new ContentInfo(
                Digest.parse(row.getString(1)),
                row.getLong(2),
                Columns.time(row.getLong(3)),
                Columns.time(row.getLong(4)),
                Columns.labels(row.getString(5)));
    }

    static ApiException unknown(Digest digest) {
        return ApiException.notFound("content digest " + digest);
    }
}
