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
///     lost(namespace, digest, labels)                     who saw what turned out to be bad or gone
///     scrub(id, cursor, ended)                            one row: how far the pass is, when the last one ended
///
/// Times are microseconds since 1970, labels and annotations JSON objects, digests `algorithm:hex`.
@NullMarked
package io.slipway.cas.meta;

import org.jspecify.annotations.NullMarked;
