-- A database as it was written when the tables of "cas" had version 3.
CREATE TABLE schema_version(component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
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
CREATE TABLE lost(
    namespace TEXT NOT NULL, digest TEXT NOT NULL, labels TEXT NOT NULL, PRIMARY KEY(namespace, digest)
) WITHOUT ROWID;
CREATE INDEX lost_by_digest ON lost(digest);
CREATE TABLE scrub(id INTEGER PRIMARY KEY CHECK(id = 0), cursor TEXT NOT NULL, ended INTEGER NOT NULL);
INSERT INTO schema_version VALUES('cas', 3);
INSERT INTO namespace VALUES('default', '{"of":"old"}');
INSERT INTO content VALUES('default', 'sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 7, 1, 1700000000000000, 1700000000000000, '{"kept":"yes"}');
INSERT INTO image VALUES('default', 'registry.example/lab/old:1', 'application/vnd.oci.image.manifest.v1+json', 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 7, '', '{"l":"1"}', 1700000000000000, 1700000000000000);
INSERT INTO lease VALUES('default', 'held', 1700000000000000, '');
INSERT INTO lost VALUES('default', 'sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '{"containerd.io/gc.ref.content.l.0":"sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}');
