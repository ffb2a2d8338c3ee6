/// The puller: from an image's name to its verified bytes in the store.
///
/// One way in for each kind of asker: [ImagePull] pulls an image whole (resolve, fetch, unpack, record; used by the
/// Transfer service, the command line and the mirror's prefetch), [Upstreams] answers single questions (used by the
/// mirror). Both find their servers through `hosts.toml`, speak to them through one HTTP layer (authentication,
/// redirects, retries, status mapping) and land bytes through the store's one fetch per digest.
/// What the puller needs of others it declares: [Unpacker] is implemented by the snapshotter.
///
/// Everything here blocks and is meant for virtual threads, never for an event loop. Interruption cancels: the call
/// ends with [InterruptedException] and whatever it had opened is closed; a fetch other askers still follow goes on.
///
/// Bytes from a registry are hostile until verified. Nothing is handed out before its digest matched, except through
/// an [io.slipway.cas.Arrival], whose verdict says so.
@NullMarked
package io.slipway.puller;

import org.jspecify.annotations.NullMarked;
