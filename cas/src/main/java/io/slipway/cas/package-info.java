/// The content-addressed store of the node: blobs, who sees them, and what keeps them.
///
/// [io.slipway.cas.Cas] makes it. Bytes come in through [io.slipway.cas.BlobStore#arrive] (digest known:
/// pulls, the mirror) or [io.slipway.cas.Ingests] (digest not known: API writes, diff), become visible to a
/// namespace by [io.slipway.cas.Contents#link], are kept alive by [io.slipway.cas.Images],
/// [io.slipway.cas.Leases], labels, the mirror's [io.slipway.cas.CacheIndex] and by what other parts say
/// through [io.slipway.cas.GcRoots], and go with [io.slipway.cas.Collector].
///
/// On disk, below the root:
///
///     content/oci-layout                     {"imageLayoutVersion":"1.0.0"}
///     content/index.json                     images of all namespaces, an OCI image index
///     content/blobs/<alg>/<hex>              whole, verified, never changed
///     content/ingest/<alg>-<hex>.part        an arrival: bytes at their offsets
///     content/ingest/<alg>-<hex>.ranges      which of them have landed (checksummed)
///     content/ingest/ref-<sha256>.part       an ingest of a ref: bytes from the front
///     content/quarantine/
///     tmp/                                   emptied at start
///     metadata.db                            everything else (SQLite)
///
/// A blob is published by rename into `blobs/`, after its bytes are verified and synced, so whatever is there
/// is whole. The records follow; a blob without records (a crash in between) is found by the next arrival or
/// collection.
///
/// Everything blocks: virtual threads or bounded platform pools, never an event loop.
@NullMarked
package io.slipway.cas;

import org.jspecify.annotations.NullMarked;
