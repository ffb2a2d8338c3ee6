/// Side-by-side benchmarks: the same work done by Slipway and by its peers in one run on one machine, in alternating
/// order, reported as medians and ratios. Nothing here is part of the product; `make bench` runs it.
@NullMarked
package io.slipway.bench;

import org.jspecify.annotations.NullMarked;
