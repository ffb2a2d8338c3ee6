/// From the bytes of a layer's blob to files: [Decompressor] makes ordered, bounded buffers out of a positional
/// arrival, [LayerStream] counts and hashes them, the tar reader cuts them into entries, a [LayerSink] receives
/// those. [LinkStep] then settles what a layer that was applied without its parents could not know.
///
/// One layer is worked on by one platform thread at a time, as inflating, hashing and writing hold a carrier.
@NullMarked
package io.slipway.snapshotter.layer;

import org.jspecify.annotations.NullMarked;
