package io.slipway.cas.meta;

import io.slipway.cas.ApiException;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.file.FileBlobStore;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// [Ingests] in the table `ingest` and the files `ingest/ref-*.part`. The row says that there is one; the
/// length of the file says how far it is.
public final class RefIngests implements Ingests {

    private static final Logger log = LoggerFactory.getLogger(RefIngests.class);

    private final Metadata metadata;
    private final Namespaces namespaces;
    private final Leases leases;
    private final Contents contents;
    private final FileBlobStore store;
    private final Clock clock;
    private final Duration lifetime;
    private final ConcurrentHashMap<Key, RefIngest> open = new ConcurrentHashMap<>();

    record Key(String namespace, String ref) {}

    public RefIngests(
            Metadata metadata,
            Namespaces namespaces,
            Leases leases,
            Contents contents,
            FileBlobStore store,
            Clock clock,
            Duration lifetime) {
        this.metadata = metadata;
        this.namespaces = namespaces;
        this.leases = leases;
        this.contents = contents;
        this.store = store;
        this.clock = clock;
        this.lifetime = lifetime;
    }

    @Override
    public Ingest open(String namespace, String ref, Optional<String> lease) throws IOException {
        var key = new Key(namespace, ref);
        var fresh = new RefIngest(this, key, lease, Columns.now(clock));
        var other = open.putIfAbsent(key, fresh);
        if (other != null) {
            var since = other.openedAt();
            throw ApiException.unavailable("ref " + namespace + "/" + ref + " locked for "
                    + Duration.between(since, clock.instant()) + " (since " + since + ")");
        }
        boolean opened = false;
        try {
            var started = metadata.write(connection -> begin(connection, key, lease));
            fresh.begin(store.openRef(namespace, ref), started);
            opened = true;
            return fresh;
        } finally {
            if (!opened) {
                open.remove(key, fresh);
            }
        }
    }

    private Instant begin(Connection connection, Key key, Optional<String> lease) throws SQLException {
        namespaces.ensure(connection, key.namespace());
        var now = Columns.time(clock.instant());
        Db.update(
                connection,
                "INSERT INTO ingest(namespace, ref, total, started, updated) VALUES(?,?,0,?,?)"
                        + " ON CONFLICT(namespace, ref) DO UPDATE SET updated=excluded.updated",
                key.namespace(),
                key.ref(),
                now,
                now);
        leases.attach(connection, key.namespace(), lease, Leases.Resource.ingest(key.ref()));
        return Db.one(
                        connection,
                        "SELECT started FROM ingest WHERE namespace=? AND ref=?",
                        row -> Columns.time(row.getLong(1)),
                        key.namespace(),
                        key.ref())
                .orElseThrow();
    }

    @Override
    public Optional<Status> status(String namespace, String ref) throws IOException {
        var running = open.get(new Key(namespace, ref));
        if (running != null && running.begun()) {
            return Optional.of(running.status());
        }
        var row = metadata.read(connection -> Db.one(
                connection,
                "SELECT ref, total, started, updated FROM ingest WHERE namespace=? AND ref=?",
                RefIngests::row,
                namespace,
                ref));
        return row.isEmpty() ? row : Optional.of(withOffset(namespace, row.get()));
    }

    @Override
    public List<Status> list(String namespace, Filter filter) throws IOException {
        var rows = metadata.read(connection -> Db.list(
                connection,
                "SELECT ref, total, started, updated FROM ingest WHERE namespace=? ORDER BY ref",
                RefIngests::row,
                namespace));
        var found = new ArrayList<Status>();
        for (var row : rows) {
            if (filter.matches(
                    path -> path.getFirst().equals("ref") ? Fields.text(row.ref(), path) : Optional.empty())) {
                var running = open.get(new Key(namespace, row.ref()));
                found.add(running != null && running.begun() ? running.status() : withOffset(namespace, row));
            }
        }
        return found;
    }

    @Override
    public void abort(String namespace, String ref) throws IOException {
        var key = new Key(namespace, ref);
        boolean known = metadata.write(connection -> forget(connection, key));
        var running = open.get(key);
        if (running != null) {
            running.markAborted();
        }
        store.disk().delete(store.layout().refPart(namespace, ref));
        if (!known) {
            throw ApiException.notFound("ingest \"" + ref + "\"");
        }
    }

    /// Drops ingests that nobody has touched for their lifetime and no lease holds.
    public void expire() {
        var before = Columns.time(clock.instant().minus(lifetime));
        try {
            var old = metadata.read(connection -> Db.list(
                    connection,
                    "SELECT namespace, ref FROM ingest i WHERE updated<? AND NOT EXISTS(SELECT 1 FROM lease_resource r"
                            + " WHERE r.namespace=i.namespace AND r.type='ingests' AND r.id=i.ref)",
                    row -> new Key(row.getString(1), row.getString(2)),
                    before));
            for (var key : old) {
                if (!open.containsKey(key)) {
                    abort(key.namespace(), key.ref());
                }
            }
        } catch (IOException | ApiException e) {
            log.atWarn().addKeyValue("error", e.getMessage()).log("Old ingests could not be dropped; they stay.");
        }
    }

    // What an open ingest needs.

    void ended(Key key, RefIngest ingest, boolean keep) {
        if (keep) {
            try {
                metadata.write(connection -> Db.update(
                        connection,
                        "UPDATE ingest SET updated=?, total=? WHERE namespace=? AND ref=?",
                        Columns.time(clock.instant()),
                        ingest.status().total(),
                        key.namespace(),
                        key.ref()));
            } catch (IOException e) {
                log.atWarn()
                        .addKeyValue("ref", key.ref())
                        .addKeyValue("error", e.getMessage())
                        .log("The end of a writer could not be noted.");
            }
        }
        open.remove(key, ingest);
    }

    void drop(Key key) throws IOException {
        metadata.write(connection -> forget(connection, key));
    }

    Instant now() {
        return Columns.now(clock);
    }

    boolean visible(String namespace, Digest digest) throws IOException {
        return contents.info(namespace, digest).isPresent();
    }

    boolean stored(Digest digest) throws IOException {
        return store.size(digest).isPresent();
    }

    FileBlobStore store() {
        return store;
    }

    Contents contents() {
        return contents;
    }

    private static boolean forget(Connection connection, Key key) throws SQLException {
        Db.update(
                connection,
                "DELETE FROM lease_resource WHERE namespace=? AND type='ingests' AND id=?",
                key.namespace(),
                key.ref());
        return Db.update(connection, "DELETE FROM ingest WHERE namespace=? AND ref=?", key.namespace(), key.ref()) > 0;
    }

    private static Status row(ResultSet row) throws SQLException {
        return new Status(
                row.getString(1), 0, row.getLong(2), Columns.time(row.getLong(3)), Columns.time(row.getLong(4)));
    }

    private Status withOffset(String namespace, Status row) throws IOException {
        long offset;
        try {
            offset = Files.size(store.layout().refPart(namespace, row.ref()));
        } catch (NoSuchFileException _) {
            offset = 0;
        }
        return new Status(row.ref(), offset, row.total(), row.startedAt(), row.updatedAt());
    }
}
