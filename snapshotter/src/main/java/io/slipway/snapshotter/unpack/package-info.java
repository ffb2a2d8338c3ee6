/// All layers of an image at once: one [LayerJob] per chain id, shared by everybody who wants that snapshot,
/// applied as its bytes arrive and committed when the one below is.
@NullMarked
package io.slipway.snapshotter.unpack;

import org.jspecify.annotations.NullMarked;
