package io.slipway.cas.meta;

import java.util.List;

/// The steps of this module's tables; drawn in the package documentation. Only ever append.
final class Schema {

    static final String COMPONENT = "cas";

    static final List<String> STEPS = List.of("""
            CREATE TABLE namespace(name TEXT PRIMARY KEY, labels TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE blob(
                digest TEXT PRIMARY KEY, size INTEGER NOT NULL, created INTEGER NOT NULL, last_used INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE TABLE blob_source(
                digest TEXT NOT NULL, host TEXT NOT NULL, repository TEXT NOT NULL, access TEXT NOT NULL,
                PRIMARY KEY(digest, host, repository, access)
            ) WITHOUT ROWID;
            CREATE TABLE derived(
                digest TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(digest, kind)
            ) WITHOUT ROWID;
            CREATE TABLE content(
                namespace TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, brought INTEGER NOT NULL,
                created INTEGER NOT NULL, updated INTEGER NOT NULL, labels TEXT NOT NULL,
                PRIMARY KEY(namespace, digest)
            ) WITHOUT ROWID;
            CREATE INDEX content_by_digest ON content(digest);
            CREATE TABLE image(
                namespace TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, digest TEXT NOT NULL,
                size INTEGER NOT NULL, annotations TEXT NOT NULL, labels TEXT NOT NULL,
                created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(namespace, name)
            ) WITHOUT ROWID;
            CREATE TABLE lease(
                namespace TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, labels TEXT NOT NULL,
                PRIMARY KEY(namespace, id)
            ) WITHOUT ROWID;
            CREATE TABLE lease_resource(
                namespace TEXT NOT NULL, lease TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
                PRIMARY KEY(namespace, lease, type, id)
            ) WITHOUT ROWID;
            CREATE TABLE ingest(
                namespace TEXT NOT NULL, ref TEXT NOT NULL, total INTEGER NOT NULL,
                started INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(namespace, ref)
            ) WITHOUT ROWID;
            CREATE TABLE cache_index(
                digest TEXT PRIMARY KEY, size INTEGER NOT NULL, last_used INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX cache_index_by_use ON cache_index(last_used);
            """, """
            CREATE TABLE lost(
                namespace TEXT NOT NULL, digest TEXT NOT NULL, labels TEXT NOT NULL, PRIMARY KEY(namespace, digest)
            ) WITHOUT ROWID;
            CREATE INDEX lost_by_digest ON lost(digest);
            """, """
            CREATE TABLE scrub(id INTEGER PRIMARY KEY CHECK(id = 0), cursor TEXT NOT NULL, ended INTEGER NOT NULL);
            """, """
            ALTER TABLE lost ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
            """);

    private Schema() {}
}
