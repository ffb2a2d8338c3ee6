/// What the snapshotter's tests share: a tar writer that can also write wrong archives, arrivals out of memory,
/// trees to compare.
@NullMarked
package io.slipway.snapshotter.testing;

import org.jspecify.annotations.NullMarked;
