/// Landing one blob: ranges over several connections, in the order readers want them, from the first host that works.
///
/// [BlobFetch] is what the store runs for a digest. It works in rounds, one per source: a [RangePlan] cuts what is
/// missing into pieces, workers on virtual threads take one at a time, and a piece that breaks off or crawls goes back
/// into the plan. What has landed is never asked for again.
@NullMarked
package io.slipway.puller.fetch;

import org.jspecify.annotations.NullMarked;
