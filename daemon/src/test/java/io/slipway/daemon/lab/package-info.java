/// Real images and real peers for the tests: what a test pulls, from where, and what its result is
/// compared with.
///
/// Nothing here needs the network. A peer that cannot be started is a failure of the test that wanted it,
/// never a skip.
@NullMarked
package io.slipway.daemon.lab;

import org.jspecify.annotations.NullMarked;
