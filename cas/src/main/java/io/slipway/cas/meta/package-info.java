/// Records of the store in SQLite: who sees what, what keeps it, where it came from, and the collection over
/// it.
///
/// [io.slipway.cas.meta.SqliteMetadata] is the database, shared with other parts of the daemon;
/// [io.slipway.cas.meta.Records] are this module's tables in it:
///
///     namespace(name, labels)
///     blob(digest, size, created, last_used)              one row for each stored blob
///     blob_source(digest, host, repository, access)       where it came from, verified
///     derived(digest, kind, value)
///     content(namespace, digest, size, brought, created, updated, labels)     who sees it; `brought`: by its own bytes
///     image(namespace, name, media_type, digest, size, annotations, labels, created, updated)
///     lease(namespace, id, created, labels), lease_resource(namespace, lease, type, id)
///     ingest(namespace, ref, total, started, updated)
///     cache_index(digest, size, last_used)                what the mirror keeps
///     lost(namespace, digest, labels, size)               who saw what turned out to be bad or gone
///     scrub(id, cursor, ended)                            one row: how far the pass is, when the last one ended
///
/// And the database's own:
///
///     schema_version(component, version)
///     recovery(id, at, why, base, found, lost, told)      only when the file had to be replaced
///     recovery_part(component), recovery_note(id, lost, what)
///
/// Times are microseconds since 1970, labels and annotations JSON objects, digests `algorithm:hex`.
///
/// **Versions.** The tables of a part have a version: how many of its steps they have seen. A program that knows more
/// steps runs the rest, all in one transaction with the new version, after a copy of the database was made
/// ([io.slipway.cas.meta.SchemaVersions]); one that knows fewer refuses them and names that copy. So a step is never
/// changed once it was released, new ones are only appended, and each can be run on a database that is full: it gives
/// new columns a default. The picture above, the step and a test that runs it on a recorded older database change
/// together.
///
/// **Damage.** [io.slipway.cas.meta.Opening] sees to it that a database which is lost or damaged is replaced
/// ([io.slipway.cas.meta.Replacement]) from the copies that [io.slipway.cas.meta.RegularCopy] makes;
/// [io.slipway.cas.meta.StoreRebuild] then brings the tables above in line with what lies in `content/`. The files
/// around the database are drawn in [io.slipway.cas.meta.DatabaseFiles].
@NullMarked
package io.slipway.cas.meta;

import org.jspecify.annotations.NullMarked;
